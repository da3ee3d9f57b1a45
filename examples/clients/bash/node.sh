#!/usr/bin/env bash
# Shows a node's health, follows an update, or takes the node back to its previous system.
# usage: MATIC_NODE=HOST:PORT MATIC_PKI=DIR node.sh health | rollback REASON | follow SCHEDULE
# Exit codes are osctl's; 1 is also a node that is not well, or not back in time.
set -euo pipefail

errors=$(mktemp)
trap 'rm -f "$errors"' EXIT

# Prints osctl's answer as JSON; an error goes to stderr in words.
call() {
  local code=0
  osctl --node "$MATIC_NODE" --pki "$MATIC_PKI" --output json "$@" 2>"$errors" || code=$?
  # One without an error is told by the answer: the node is not well, say.
  [ -s "$errors" ] || return "$code"
  case $(error .code) in
    permission) echo "not authorised: $(error .message)" ;;
    unavailable) echo "cannot reach the node: $(error .message)" ;;
    *) echo "$(error .code): $(error .message)" ;;
  esac >&2
  return "$code"
}

# A part of the error, which is the last line of stderr.
error() {
  tail -n 1 "$errors" | jq -r ".error$1"
}

show_health() {
  local health code=0
  health=$(call health --refresh) || code=$?
  [ -n "$health" ] || return "$code"
  jq -r '(.state | ltrimstr("HEALTH_STATE_")),
         (.checks[] | "\(.name): \(.result | ltrimstr("CHECK_RESULT_")) \(.output)")' <<<"$health"
  jq -e '.state != "HEALTH_STATE_UNHEALTHY"' <<<"$health" >/dev/null
}

roll_back() {
  local before back
  before=$(call status | jq -r .boot_id)
  back=$(call rollback trigger --reason "$1")
  echo "rolling back from $(jq -r .from <<<"$back") to $(jq -r .to <<<"$back")"
  wait_until_it_is_back "$(jq -r .to <<<"$back")" "$before"
}

# With target $1, in another boot than $2. The node does not answer while it reboots.
wait_until_it_is_back() {
  local status history deadline=$((SECONDS + ${MATIC_WAIT_SECONDS:-300}))
  while [ "$SECONDS" -lt "$deadline" ]; do
    if status=$(call status 2>/dev/null) && history=$(call rollback history --limit 1) &&
      jq -e --arg to "$1" --arg before "$2" --argjson history "$history" \
        '.boot_id != $before and any(.targets[]; .running and .name == $to) and
         $history.records[0].boot_id == .boot_id' <<<"$status" >/dev/null; then
      echo "runs $1"
      jq -r '.records[0] | "\(.time) \(.kind): \(.reason)"' <<<"$history"
      return
    fi
    sleep 1
  done
  echo "the node did not come back with $1 in time" >&2
  return 1
}

# osctl follows through reboots; its exit code is the outcome.
follow() {
  call schedule watch "$1" |
    jq --unbuffered -r '.schedule | "\(.state | ltrimstr("SCHEDULE_STATE_")) \(.phase) \(.reason)"'
}

case ${1:-} in
  health) show_health ;;
  rollback) roll_back "${2:?why?}" ;;
  follow) follow "${2:?which schedule?}" ;;
  *)
    echo "usage: $0 health | rollback REASON | follow SCHEDULE" >&2
    exit 2
    ;;
esac
