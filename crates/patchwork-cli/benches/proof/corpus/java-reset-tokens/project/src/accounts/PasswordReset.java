package accounts;

import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Sends links that reset a password, and follows them. */
public final class PasswordReset {
    private static final Pattern LINK = Pattern.compile("/reset/([0-9a-f]{32})");

    private final ResetTokens tokens;
    private final Mailbox mailbox;

    public PasswordReset(ResetTokens tokens, Mailbox mailbox) {
        this.tokens = tokens;
        this.mailbox = mailbox;
    }

    public void request(String address) {
        mailbox.send(address, "Choose a new password: https://shop.example/reset/" + tokens.issue(address));
    }

    /** Whose password may be changed by who follows a link. */
    public Optional<String> follow(String path) {
        Matcher link = LINK.matcher(path);
        return link.matches() ? tokens.redeem(link.group(1)) : Optional.empty();
    }
}
