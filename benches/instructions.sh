#!/usr/bin/env bash
# Counts the instructions of each part that `cargo bench` measures, and holds them against benches/instructions.txt: a part that has
# grown by more than a tenth fails. `--write` writes the file anew, which belongs into the commit that made the difference.
#
# Then each worst case is counted at two sizes: work that is linear in the input doubles with it, and what more than doubles by a
# quarter fails.
set -euo pipefail
cd "$(dirname "$0")/.."

if ! command -v valgrind >/dev/null; then
  echo "NOT COUNTED: valgrind is not installed; instruction counts are not compared." >&2
  # Where everything must be checked, that is a failure.
  [ -z "${CI:-}" ]
  exit
fi

program=$(cargo bench --bench speed --no-run --message-format json 2>/dev/null |
  sed -n 's/.*"target":{"kind":\["bench"\].*"executable":"\([^"]*\)".*/\1/p')
counts=$(mktemp)
trap 'rm -f "$counts"' EXIT

# Only what stands inside `counted` is collected: preparing the input is not what is measured.
instructions() {
  valgrind --tool=callgrind --callgrind-out-file=/dev/null --toggle-collect='speed::counted*' "$program" "$@" 2>&1 |
    sed -n 's/.*Collected : //p'
}

for part in $("$program" --list); do
  printf '%-28s %s\n' "$part" "$(instructions --once "$part")" | tee -a "$counts"
done

if [ "${1:-}" = --write ]; then
  cp "$counts" benches/instructions.txt
  exit
fi
awk '
  NR == FNR { was[$1] = $2; next }
  !($1 in was) { print $1 ": not in benches/instructions.txt"; bad = 1; next }
  $2 == "" { print $1 ": failed"; bad = 1; next }
  $2 > was[$1] * 1.1 { printf "%s: %d instructions, %.1f %% more than the %d it took\n", $1, $2, ($2 / was[$1] - 1) * 100, was[$1]; bad = 1 }
  END { exit bad }
' benches/instructions.txt "$counts"

bad=0
for worst in $("$program" --list-worst); do
  once=$(instructions --worst "$worst" 1)
  twice=$(instructions --worst "$worst" 2)
  printf '%-28s %12s  doubled %12s\n' "$worst" "$once" "$twice"
  if [ -z "$once" ] || [ $((twice * 4)) -gt $((once * 9)) ]; then
    echo "$worst: not linear, or it failed"
    bad=1
  fi
done
exit $bad
