#!/bin/bash -eu
# Every target with its seed corpus and its options, as ClusterFuzzLite expects them in $OUT.
cd "$SRC/mrkspec"
cargo fuzz build -O
for source in fuzz/fuzz_targets/*.rs; do
  target=$(basename "$source" .rs)
  cp "fuzz/target/x86_64-unknown-linux-gnu/release/$target" "$OUT/"
  zip -jq "$OUT/${target}_seed_corpus.zip" "fuzz/corpus/$target"/*
  # The entropic schedule costs more than the target does where one input covers much.
  printf '[libfuzzer]\nentropic = 0\nrss_limit_mb = 2560\n' >"$OUT/$target.options"
done
