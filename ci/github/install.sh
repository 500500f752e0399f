#!/usr/bin/env bash
# Finds the patchwork to run: the one that was named, else that of the release, else one built from the source of this action.
set -euo pipefail
here=$(CDPATH='' cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=ci/github/commands.sh
. "$here/commands.sh"

source=$GITHUB_ACTION_PATH
folder=$RUNNER_TEMP/patchwork/bin

# The version of this source, which is what there is to build.
own_version() {
    sed -n 's/^version = "\([^"]*\)"$/\1/p' "$source/Cargo.toml"
}

# The platform as releases name it; nothing where there is no release for it.
platform() {
    case $RUNNER_OS-$RUNNER_ARCH in
        Linux-X64) echo x86_64-unknown-linux-gnu ;;
        Linux-ARM64) echo aarch64-unknown-linux-gnu ;;
        macOS-X64) echo x86_64-apple-darwin ;;
        macOS-ARM64) echo aarch64-apple-darwin ;;
    esac
}

sha256() {
    if command -v sha256sum >/dev/null; then sha256sum -- "$1"; else shasum -a 256 -- "$1"; fi | cut -d ' ' -f 1
}

# fetch NAME: a file of the release, over TLS or not at all.
fetch() {
    curl --proto '=https' --tlsv1.2 --fail --silent --show-error --location --retry 3 \
        --output "$folder/$1" "$GITHUB_SERVER_URL/$ACTION_REPOSITORY/releases/download/v$version/$1"
}

# download VERSION: unpacks the release, or answers 1 when there is none.
download() {
    local version=$1 archive expected got
    [[ -n $ACTION_REPOSITORY && -n $(platform) ]] || return 1
    archive=patchwork-$version-$(platform).tar.gz
    got=0
    fetch "$archive" || got=$?
    case $got in
        0) ;;
        # The server answered, and has no such file.
        22) return 1 ;;
        *) fail 4 "$archive can't be downloaded from $GITHUB_SERVER_URL/$ACTION_REPOSITORY (curl ended with $got)" ;;
    esac
    fetch SHA256SUMS || fail 4 "the release v$version has no SHA256SUMS to check $archive with"
    expected=$(awk -v name="$archive" '$2 == name || $2 == "*" name { print $1 }' "$folder/SHA256SUMS")
    [[ $expected =~ ^[0-9a-f]{64}$ ]] || fail 4 "SHA256SUMS of the release v$version does not name $archive"
    if [[ $(sha256 "$folder/$archive") != "$expected" ]]; then
        fail 6 "$archive is not what SHA256SUMS of the release v$version says: nothing of it was run"
    fi
    # Checksums are as good as the page they stand on; who built the file is told by its attestation.
    if [[ $GITHUB_SERVER_URL == https://github.com && -n $GH_TOKEN ]] && command -v gh >/dev/null; then
        gh attestation verify "$folder/$archive" --repo "$ACTION_REPOSITORY" ||
            fail 6 "$archive carries no attestation of $ACTION_REPOSITORY: nothing of it was run"
    fi
    tar -xzf "$folder/$archive" -C "$folder" patchwork
}

# Builds this source.
build() {
    command -v cargo >/dev/null ||
        fail 2 "there is no release v$(own_version) for $RUNNER_OS on $RUNNER_ARCH, and no cargo to build one: install Rust in a step before, or name a patchwork with the input binary"
    cargo install --locked --quiet --path "$source/crates/patchwork-cli" --root "$RUNNER_TEMP/patchwork"
}

if [[ -n $INPUT_BINARY ]]; then
    binary=$(command -v -- "$INPUT_BINARY") || fail 2 "binary: there is no program $INPUT_BINARY"
    # The next step runs in another folder.
    binary=$(CDPATH='' cd -- "$(dirname -- "$binary")" && pwd)/$(basename -- "$binary")
else
    version=${INPUT_VERSION#v}
    version=${version:-$(own_version)}
    [[ $version =~ ^[0-9]+\.[0-9]+\.[0-9]+([-+][0-9A-Za-z.-]+)?$ ]] || fail 2 "version: expected one such as 0.1.0"
    mkdir -p -- "$folder"
    binary=$folder/patchwork
    if ! download "$version"; then
        [[ $version == "$(own_version)" ]] || fail 2 "there is no release v$version for $RUNNER_OS on $RUNNER_ARCH"
        build
    fi
fi
set_output binary "$binary"
