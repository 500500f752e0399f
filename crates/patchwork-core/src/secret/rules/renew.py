#!/usr/bin/env python3
"""Makes gitleaks.json of the rule set of Gitleaks (https://github.com/gitleaks/gitleaks, MIT, see LICENSE-gitleaks).

    git clone https://github.com/gitleaks/gitleaks
    python3 renew.py gitleaks/config/gitleaks.toml "$(git -C gitleaks describe --tags)" > gitleaks.json

Taken are the rules that know a secret by its own form. Those that guess from a name next to a value are left out, since a
prompt or a log holds many names next to values.
"""

import json
import re
import sys
import tomllib

# What only says that a name that sounds like a vendor's stands before a value.
PRELUDE = r"[\w.-]{0,50}?"

# Behind such a name, but with a form of their own.
WITH_PRELUDE = {
    "defined-networking-api-token", "dropbox-short-lived-api-token", "lob-api-key", "mailchimp-api-key",
    "mailgun-private-api-token", "new-relic-insert-key", "new-relic-user-api-key", "plaid-api-token",
    "sonar-api-token", "telegram-bot-api-token", "typeform-api-token", "yandex-access-token", "yandex-api-key",
}

# No secrets, or no form of their own; that of a private key takes in all code between two words, own.json has a narrower one.
LEFT_OUT = {
    "curl-auth-header", "curl-auth-user", "flutterwave-public-key", "freemius-secret-key", "generic-api-key",
    "kubernetes-secret-yaml", "nuget-config-password", "pkcs12-file", "private-key",
}

# Where one secret ends. Gitleaks reads files, where a quote or a space follows; here a bracket, a comma or a `&` may.
TAIL = re.compile(r"\(\?:\[\\x60'\"\\s;\]\|\\\\\[nr\]\|\$(?:\|\\b)?\)$")
END = r"(?:[^0-9A-Za-z_]|$)"

# What of a regex gives way to what, and the keywords then: alternatives too wide for ordinary text, keywords of two letters.
NARROWED = {
    "azure-ad-client-secret": (r"""(?:$|[\\'"\x60\s<),])""", END, ["q~"]),
    "jwt": ("", "", ["eyj", "eya"]),
    "sonar-api-token": ("(login|token)", "(?:login|token)", ["sonar"]),
    # In base64 of anything, four letters are no sign.
    "square-access-token": (r"(?:EAAA|sq0atp-)[\w-]{22,60}", r"(?:EAAA[\w-]{60}|sq0atp-[\w-]{22,60})", ["sq0atp-", "eaaa"]),
    "sourcegraph-access-token": (r"|[a-fA-F0-9]{40})\b)", r")\b)", ["sgp_"]),
    "vault-service-token": (r"|s\.(?i:[a-z0-9]{24})", "", ["hvs."]),
}


def rule(source):
    name, regex, keywords = source["id"], source["regex"], source["keywords"]
    if name in NARROWED:
        old, new, keywords = NARROWED[name]
        assert old in regex, name
        regex = regex.replace(old, new)
    open_ended, tails = TAIL.subn(lambda _: END, regex)
    # In those that end so, the secret is the first group; other groups are only parts of one.
    group = 1 if tails or name == "azure-ad-client-secret" else 0
    assert source.get("secretGroup") in (None, group) or name in NARROWED, name
    out = {"id": name, "regex": open_ended, "keywords": keywords}
    if group:
        out["group"] = group
    if source.get("entropy"):
        out["entropy"] = source["entropy"]
    allowed = [a for a in source.get("allowlists", []) if not a.get("paths") and a.get("regexTarget") is None]
    regexes = [r for a in allowed for r in a.get("regexes", [])]
    stopwords = [w for a in allowed for w in a.get("stopwords", [])]
    if regexes:
        out["allowed"] = regexes
    if stopwords:
        out["stopwords"] = stopwords
    return out


def main():
    path, version = sys.argv[1:]
    with open(path, "rb") as file:
        config = tomllib.load(file)
    taken = [
        rule(r) for r in config["rules"]
        if "regex" in r and r["id"] not in LEFT_OUT and (PRELUDE not in r["regex"] or r["id"] in WITH_PRELUDE)
    ]
    head = {
        "source": "https://github.com/gitleaks/gitleaks config/gitleaks.toml",
        "version": version,
        "license": "MIT, Copyright (c) 2019 Zachary Rice; see LICENSE-gitleaks",
        "renewed_by": "renew.py",
        "stopwords": config["allowlist"]["stopwords"],
    }
    lines = [json.dumps(r, ensure_ascii=False) for r in taken]
    text = json.dumps(head, ensure_ascii=False, indent=1).rstrip("}").rstrip()
    print(text + ',\n "rules": [\n  ' + ",\n  ".join(lines) + "\n ]\n}")


main()
