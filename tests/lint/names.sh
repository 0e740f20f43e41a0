#!/bin/sh
# A global symbol tells its file: in foo.c it is foo or begins with foo_ (kube_foo in providers/kube/foo.c), or it is
# the one object that its family's table names (metric_source_prometheus in providers/metric/prometheus.c).
. "$(dirname "$0")/tree.sh"

# What the file may define, one pattern a line.
patterns()
{
	stem=$(basename "$1" .c)
	case $1 in
	providers/kube/*) echo "kube_$stem" && echo "kube_${stem}_*" ;;
	*) echo "$stem" && echo "${stem}_*" ;;
	esac
	case $1 in
	analysis/phase/*) echo "phase_$stem" && echo "phase_${stem}_*" ;;
	providers/metric/*) echo "metric_source_$stem" ;;
	providers/traffic/*) echo "traffic_provider_$stem" && echo "traffic_provider_${stem}_*" ;; # versions of one
	providers/notify/*) echo "notifier_$stem" ;;
	agent/main.c) echo main ;;
	agent/demo/apiserver_*) echo 'apiserver_*' ;; # one module in several files
	agent/demo/cluster_*) echo 'cluster_*' ;;
	# A file with two nouns. Each row is a decision, not a habit.
	agent/command/command_act.c) echo 'command_*' ;; # a row a verb
	agent/loop.c) echo 'alarm_*' ;;            # the loop's timers
	analysis/base/instant.c) echo 'span_*' ;;  # a difference of two instants
	analysis/facts.c) echo 'subject_*' ;;      # what a fact is about
	analysis/plan.c) echo 'effect_*' ;;        # what a plan is made of
	esac
}

is_named()
{
	for pattern in $2; do
		# shellcheck disable=SC2254 # a pattern
		case $1 in $pattern) return 0 ;; esac
	done
	return 1
}

objects >"$scratch/objects" || exit 1
set -f
while read -r source object; do
	allowed=$(patterns "$source")
	for symbol in $(nm --defined-only --extern-only --format=just-symbols "$object"); do
		is_named "$symbol" "$allowed" || echo "$source: $symbol"
	done
done <"$scratch/objects" | offend 'a global symbol does not begin with the name of its file'
verdict
