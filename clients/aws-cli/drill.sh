#!/usr/bin/env bash
# The failover drill with the AWS CLI: promote a replica, go on without the former primary; then every declared
# error of UpdatePrimaryRegion, and promotions whose answer never comes. The environment is set by scripts/clients.
set -euo pipefail

east=us-east-1 west=eu-west-1
export AWS_PAGER="" AWS_RETRY_MODE=standard AWS_MAX_ATTEMPTS=10
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
fail() { echo "drill.sh: $*" >&2; exit 1; }

# kms REGION OPERATION ARGUMENTS…
kms() { aws kms "$2" --region "$1" --output text "${@:3}"; }

# settled REGION KEY: "STATE PRIMARY-REGION" by DescribeKey, once the key is neither Creating nor Updating.
settled() {
  local seen query='KeyMetadata.[KeyState, MultiRegionConfiguration.PrimaryKey.Region]'
  for _ in $(seq 60); do
    seen=$(kms "$1" describe-key --key-id "$2" --query "$query")
    case $seen in Creating* | Updating*) sleep 0.1 ;; *) echo "${seen//$'\t'/ }"; return ;; esac
  done
  fail "$2 is still $seen in $1"
}
primary() { settled "$@" | cut -d' ' -f2; }

# A primary in us-east-1 with a replica in eu-west-1, both Enabled.
family() {
  local key
  key=$(kms $east create-key --multi-region --query KeyMetadata.KeyId)
  # Where a first try did its work and its answer was lost, the next one finds the replica there.
  kms $east replicate-key --key-id "$key" --replica-region $west >/dev/null 2>"$work/replicate" \
    || grep -q '(AlreadyExistsException)' "$work/replicate" || fail "$(cat "$work/replicate")"
  settled $west "$key" >/dev/null
  echo "$key"
}

failover() {
  local key
  key=$(family)
  printf hello >"$work/plain"
  kms $east encrypt --key-id "$key" --plaintext "fileb://$work/plain" --query CiphertextBlob | base64 -d >"$work/sealed"
  opened() { [ "$(kms $west decrypt --ciphertext-blob "fileb://$work/sealed" --query Plaintext | base64 -d)" = hello ] || fail "not what was sealed"; }
  kms $east update-primary-region --key-id "$key" --primary-region $west
  [ "$(settled $west "$key") $(settled $east "$key")" = "Enabled $west Enabled $west" ] || fail "the primary did not move"
  opened
  [ "$(kms $east schedule-key-deletion --key-id "$key" --pending-window-in-days 7 --query KeyState)" = PendingDeletion ] || fail "the old primary stays"
  opened
}

# refused ERROR REGION KEY PRIMARY-REGION
refused() {
  local said
  said=$(kms "$2" update-primary-region --key-id "$3" --primary-region "$4" 2>&1) && fail "$1 did not come"
  [[ $said == *"($1) when calling the UpdatePrimaryRegion operation"* ]] || fail "$1 did not come, but: $said"
  echo "  $1: as such"
}

declared_errors() {
  local key disabled single
  key=$(family) disabled=$(family)
  kms $east disable-key --key-id "$disabled"
  single=$(kms $east create-key --query KeyMetadata.KeyId)
  refused DisabledException $east "$disabled" $west
  refused InvalidArnException $east alias/an-alias $west
  AWS_ENDPOINT_URL_KMS=$FAILING_ENDPOINT_URL AWS_MAX_ATTEMPTS=1 refused KMSInternalException $east "$key" $west
  refused KMSInvalidStateException $west "$key" $east # a replica
  refused NotFoundException $east mrk-00000000000000000000000000000000 $west
  refused UnsupportedOperationException $east "$single" $west
  refused ValidationException $east "$key" ap-south-1 # no replica there: as recorded, not a declared error
  [ "$(primary $east "$key")" = $east ] || fail "what is refused changes something"
}

# lost_answers NAME PREFIX…: promotions whose outcome nobody tells. Before a read, both worlds are possible; it decides.
lost_answers() {
  local key old=$east new=$west lost=0 moved=0 tried round begun took takes
  key=$(family)
  # How long one command takes here at least, in milliseconds: what is killed is killed within about that time.
  takes=60000
  for round in 1 2 3; do
    begun=$(date +%s%N)
    primary $west "$key" >/dev/null
    took=$((($(date +%s%N) - begun) / 1000000))
    [ "$took" -ge "$takes" ] || takes=$took
  done
  for round in $(seq 40); do
    if [ "$round" -gt 4 ] && [ $lost -gt 0 ]; then break; fi
    tried=0
    while [ "$(primary $west "$key")" != "$new" ]; do
      # A killed one gets more time with every try, from half of what it needs to five times as much.
      local by=("${@:2}"); [ $# -eq 1 ] || by+=("$((takes * (2 + tried) / 4))e-3")
      if ! AWS_MAX_ATTEMPTS=1 "${by[@]}" aws kms update-primary-region --region "$old" --key-id "$key" --primary-region "$new" 2>"$work/said"; then
        # KMSInvalidStateException: a call that was given up arrived after the read.
        if ! grep -q '(KMSInvalidStateException)' "$work/said"; then
          lost=$((lost + 1))
          if [ "$(primary $west "$key")" = "$new" ]; then moved=$((moved + 1)); fi
        fi
      fi
      tried=$((tried + 1))
      [ $tried -lt 20 ] || fail "no promotion in 20 tries: $(cat "$work/said")"
    done
    [ "$(primary $east "$key")" = "$new" ] || fail "the members do not agree"
    read -r old new <<<"$new $old"
  done
  echo "  $1: $lost answers lost, $moved of these promotions had been made"
  [ $lost -gt 0 ] || fail "nothing was lost: nothing was tried"
}

failover
declared_errors
AWS_ENDPOINT_URL_KMS=$LOSSY_ENDPOINT_URL lost_answers "cut off"
AWS_ENDPOINT_URL_KMS=$SLOW_ENDPOINT_URL lost_answers "killed" timeout --signal=INT
