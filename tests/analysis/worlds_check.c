#include "tests/analysis/worlds_check.h"

#include "analysis/base/text.h"

struct instant worlds_ago(int64_t ms)
{
	return (struct instant){WORLDS_NOW - ms};
}

static void put_sample(struct world *world, size_t index, enum sample_kind kind, double value)
{
	struct sample_fact *sample = &world->facts.samples[index];

	sample->check = world->facts.newest.status.times.next_check_at;
	sample->kind = kind;
	sample->value = value;
	if (kind != SAMPLE_VALUE)
		text_copy(sample->text, "no answer");
}

bool worlds_check(struct world *world, unsigned value)
{
	struct release_status *status = &world->facts.newest.status;
	bool is_open = release_is_open(&world->facts.newest);

	/* Only where checks are made do all answers matter; elsewhere some, that must not. */
	if (status->phase != PHASE_PROGRESSING && value > 1 && value != 4 && value != 6 &&
	    value < 14)
		return false;
	status->times.next_check_at = value == 0 ? worlds_ago(-5000) : worlds_ago(1);
	switch (value) {
	case 0: /* not due */
	case 1: /* due, nothing asked */
		return true;
	case 2: /* half answered, well */
		put_sample(world, 0, SAMPLE_VALUE, 99.5);
		break;
	case 3: /* all well, the share not seen yet */
		put_sample(world, 0, SAMPLE_VALUE, 99.5);
		put_sample(world, 1, SAMPLE_VALUE, 20);
		world->facts.share.check = worlds_ago(1);
		break;
	case 4: /* all well */
		put_sample(world, 0, SAMPLE_VALUE, 99.5);
		put_sample(world, 1, SAMPLE_VALUE, 20);
		world->facts.share = (struct sample_fact){
			.check = worlds_ago(1), .kind = SAMPLE_VALUE, .value = 0.6};
		break;
	case 5: /* the second fails, the first is still asked */
		put_sample(world, 0, SAMPLE_NONE, 0);
		put_sample(world, 1, SAMPLE_VALUE, 900);
		break;
	case 6: /* … for the last time */
		put_sample(world, 1, SAMPLE_VALUE, 900);
		status->failed_checks = 1;
		break;
	case 7:
		put_sample(world, 0, SAMPLE_ABSENT, 0);
		put_sample(world, 1, SAMPLE_ERROR, 0);
		world->facts.share =
			(struct sample_fact){.check = worlds_ago(1), .kind = SAMPLE_ERROR};
		break;
	case 8: /* unmeasured for too long, and no check is due, or one that nobody asked */
		status->times.unmeasured_since = worlds_ago(60001);
		status->times.next_check_at =
			worlds_ago(world->spec.strategy == STRATEGY_AB ? 1 : -5000);
		if (world->spec.strategy == STRATEGY_CANARY)
			text_copy(status->reason, "Prometheus query failed: refused");
		break;
	case 9: /* answers of an older check count for nothing */
		put_sample(world, 0, SAMPLE_VALUE, 0);
		world->facts.samples[0].check = worlds_ago(20000);
		break;
	case 10: /* the clock jumped */
		status->times.next_check_at = worlds_ago(-500000);
		break;
	case 11: /* not measured again */
		put_sample(world, 0, SAMPLE_VALUE, 99.5);
		put_sample(world, 1, SAMPLE_ABSENT, 0);
		world->facts.share =
			(struct sample_fact){.check = worlds_ago(1), .kind = SAMPLE_ABSENT};
		status->times.unmeasured_since = worlds_ago(1000);
		break;
	case 12: /* an older share counts for nothing */
		put_sample(world, 0, SAMPLE_VALUE, 99.5);
		put_sample(world, 1, SAMPLE_VALUE, 20);
		world->facts.share = (struct sample_fact){
			.check = worlds_ago(20000), .kind = SAMPLE_VALUE, .value = 0.6};
		break;
	case 13: /* the last failure, not measured for too long as well */
		put_sample(world, 0, SAMPLE_ERROR, 0);
		put_sample(world, 1, SAMPLE_VALUE, 900);
		status->failed_checks = 1;
		status->times.unmeasured_since = worlds_ago(60001);
		break;
	default: /* not ready, then for too long */
		status->times.not_ready_since = worlds_ago(value == 14 ? 1000 : 60001);
		break;
	}
	return is_open;
}
