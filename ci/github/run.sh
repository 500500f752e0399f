#!/usr/bin/env bash
# Runs a patchflow, or carries out a bundle, and tells GitHub what came of it: outputs, annotations, summary, exit code.
set -euo pipefail
# One stream: the runner reads two in an order of its own, and what is said between two commands must stay there.
exec 2>&1
here=$(CDPATH='' cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=ci/github/commands.sh
. "$here/commands.sh"

# give VARIABLE VALUE: what the job's own variable says holds where the input is empty.
give() {
    [[ -z $2 ]] || export "$1=$2"
}

# whole PATH: the path from the root on, for steps that run in other folders.
whole() {
    printf '%s/%s' "$(CDPATH='' cd -- "$(dirname -- "$1")" && pwd)" "$(basename -- "$1")"
}

# Whether the run may have a model to ask. What a file of --config says is not looked into.
may_ask() {
    local name
    for name in $(compgen -e); do
        [[ $name != *_API_KEY || -z ${!name} ]] || return 0
    done
    [[ -n $INPUT_CONFIG || $INPUT_OPTIONS =~ _api_key=[^[:space:]] || $INPUT_OPTIONS == *client_base_url=* ]]
}

# The reason why GitHub gives this run no secrets; nothing when it does.
without_secrets() {
    # Reviews and their comments are events of the same kind; the one of the target branch has secrets.
    [[ $GITHUB_EVENT_NAME == pull_request* && $GITHUB_EVENT_NAME != pull_request_target ]] || return 0
    if [[ $HEAD_REPOSITORY != "$GITHUB_REPOSITORY" ]]; then
        echo 'the pull request comes from a fork'
    elif [[ ${GITHUB_ACTOR:-} == 'dependabot[bot]' ]]; then
        echo 'Dependabot opened the pull request'
    fi
}

give OPENAI_API_KEY "$INPUT_OPENAI_API_KEY"
give ANTHROPIC_API_KEY "$INPUT_ANTHROPIC_API_KEY"
give GOOGLE_API_KEY "$INPUT_GOOGLE_API_KEY"
give GITHUB_TOKEN "$INPUT_GITHUB_API_KEY"
unset INPUT_OPENAI_API_KEY INPUT_ANTHROPIC_API_KEY INPUT_GOOGLE_API_KEY INPUT_GITHUB_API_KEY
give PATCHWORK_STATE_DIR "${PATCHWORK_STATE_DIR:-$RUNNER_TEMP/patchwork/state}"

results=$RUNNER_TEMP/patchwork/results-$(random_word)
mkdir -p -- "$results"
report=${INPUT_REPORT:-$results/report.html}
[[ $report == /* ]] || report=./$report
cd -- "$INPUT_WORKING_DIRECTORY" || fail 2 "working_directory: there is no folder $INPUT_WORKING_DIRECTORY"

if [[ -n $INPUT_APPLY ]]; then
    [[ -z $INPUT_PATCHFLOW$INPUT_PROPOSE ]] || fail 2 'apply carries out a bundle: patchflow and propose do not go with it'
    words=(apply)
    # A name that begins with a dash is a file too.
    if [[ $INPUT_APPLY == /* ]]; then words+=("$INPUT_APPLY"); else words+=("./$INPUT_APPLY"); fi
else
    [[ -n $INPUT_PATCHFLOW ]] || fail 2 'say what to do: patchflow, or apply'
    [[ $INPUT_PATCHFLOW != -* ]] || fail 2 'patchflow: a name or a path, no option'
    # Whatever a repository or an earlier run left there must never pass for what this one proposes.
    [[ -z $INPUT_PROPOSE || ! -e $INPUT_PROPOSE ]] || fail 2 "propose: there is a file $INPUT_PROPOSE already"
    words=("$INPUT_PATCHFLOW")
    reason=$(without_secrets)
    if [[ -n $reason ]] && ! may_ask; then
        told="Patchwork left $INPUT_PATCHFLOW out: $reason, and GitHub gives such a run no secrets, so there is no key for a model."
        printf '::notice title=Patchwork::%s\n' "$(escaped "$told")"
        printf '%s\n' "$told" >>"$GITHUB_STEP_SUMMARY"
        set_output exit_code 0
        exit 0
    fi
fi

for option in pr_url:"$INPUT_PR_URL" model:"$INPUT_MODEL" max_cost:"$INPUT_MAX_COST" fail_on:"$INPUT_FAIL_ON"; do
    [[ -z ${option#*:} ]] || words+=("${option%%:*}=${option#*:}")
done
number=0
while IFS= read -r line; do
    number=$((number + 1))
    line=${line%$'\r'}
    line=${line#"${line%%[![:space:]]*}"}
    [[ -n $line && $line != '#'* ]] || continue
    # Not shown: it may hold what nobody should read. Options of patchwork itself are inputs of the action.
    [[ $line =~ ^[A-Za-z][A-Za-z0-9_-]*= ]] || fail 2 "options: line $number is not of the form key=value"
    words+=("$line")
done <<<"$INPUT_OPTIONS"

[[ -z $INPUT_CONFIG ]] || words+=("--config=$INPUT_CONFIG")
[[ -z $INPUT_POLICY ]] || words+=("--policy=$INPUT_POLICY")
[[ -z $INPUT_PROPOSE ]] || words+=("--propose=$INPUT_PROPOSE")
[[ -z $INPUT_SARIF ]] || words+=("--report=$INPUT_SARIF")
words+=("--report=$report" "--report=$results/run.env" "--report=$results/annotations.github")

# What the program prints comes in part from models and strangers: until the word is said again, the runner obeys none of it.
# It gets no file that the runner reads either, but for the summary, where it writes Markdown.
stop=$(random_word)
printf '::stop-commands::%s\n' "$stop"
(
    unset GITHUB_ENV GITHUB_OUTPUT GITHUB_PATH GITHUB_STATE
    exec "$INSTALLED" "${words[@]}"
) </dev/null &
running=$!
# The runner tells only this shell that the job is cancelled.
trap 'kill -INT "$running" 2>/dev/null || true' INT TERM
code=0
wait "$running" || code=$?
while kill -0 "$running" 2>/dev/null; do
    code=0
    wait "$running" || code=$?
done
printf '\n::%s::\n' "$stop"

run_id='' pr_url='' cost_usd=''
if [[ -f $results/run.env ]]; then
    while IFS= read -r line; do
        case $line in
            PATCHWORK_RUN_ID=*) run_id=${line#*=} ;;
            PATCHWORK_PR_URL=*) pr_url=${line#*=} ;;
            PATCHWORK_COST_USD=*) cost_usd=${line#*=} ;;
        esac
    done <"$results/run.env"
fi
set_output run_id "$run_id"
set_output pr_url "$pr_url"
set_output cost_usd "$cost_usd"
set_output exit_code "$code"
[[ ! -f $report ]] || set_output report "$(whole "$report")"
[[ -z $INPUT_PROPOSE || ! -f $INPUT_PROPOSE ]] || set_output bundle "$(whole "$INPUT_PROPOSE")"
[[ ! -f $results/annotations.github ]] || cat "$results/annotations.github"
if [[ $code != 0 && -z $run_id ]]; then
    fail "$code" "patchwork ended with code $code before there was a run; the log says why"
fi
exit "$code"
