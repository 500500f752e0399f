# shellcheck shell=bash
# What the steps of the action say to GitHub's runner: annotations, and outputs that no value can break out of.

# Characters that nobody can guess.
random_word() {
    od -An -N16 -tx1 /dev/urandom | tr -d ' \n'
}

# escaped TEXT: the text as one line behind the second `::` of a workflow command.
escaped() {
    local text=$1
    text=${text//'%'/%25}
    text=${text//$'\r'/%0D}
    printf '%s' "${text//$'\n'/%0A}"
}

# fail CODE TEXT: ends the step, and says why on the page of the run.
fail() {
    printf '::error title=Patchwork::%s\n' "$(escaped "$2")"
    exit "$1"
}

# set_output NAME VALUE: an output of the step. The value ends where nobody but this function can say that it does.
set_output() {
    local end
    end=end-$(random_word)
    printf '%s<<%s\n%s\n%s\n' "$1" "$end" "$2" "$end" >>"$GITHUB_OUTPUT"
}
