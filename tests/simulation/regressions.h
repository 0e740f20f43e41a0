/* Seeds that once failed, and what they found: run first, for ever. */
#ifndef TESTS_SIMULATION_REGRESSIONS_H
#define TESTS_SIMULATION_REGRESSIONS_H

#include <stdint.h>

/*
 * A change of what is simulated gives a seed another story: what a row found is then kept by the
 * test that its fix brought, and the row is one seed more.
 */
static const struct regression {
	uint64_t seed;
	uint64_t limit; /* disturbances; 0: all */
	const char *found;
} regressions[] = {
	{40, 2,
         "a retreat's save took the place of the save that ended the run: test_kube_release"},
	{10, 0,
         "a teardown that ended before its Releases were gone: the next Canary's primary was old"},
	{22, 264, "Releases that were removed and a watch that was late: LISTs without end"},
	{144, 87, "an initialisation that began anew made the primary smaller: test_scenarios"},
	{94, 68, "a target scaled down before it was known to be a newer revision: test_scenarios"},
	{13, 0, "Services read without end beside a target that was deleted, after an edit"},
	{136, 133, "a weight that was raised while the run was Promoting stayed: test_weights"},
	{191, 0,
         "a LIST from before the lease was won ended the listing: the leader decided nothing"},
	{106, 0, "the witness took a process that was no more for the leader"},
	{179525330100007, 0,
         "a teardown removed the newest Release first, and a Canary came again"},
	{157, 0, "the oracle wanted a primary that somebody removed: witness_write.c"},
	{893, 0, "a teardown beside a half promoted primary and a stuck target: test_scenarios"},
	{1021, 0, "notices cleared beside a spec that was never valid: test_mirror"},
	{347, 482,
         "one Release's event ended the doubt about the list: a Canary initialised again"},
	{1010, 0, "iterations added after the last one took the weight away: test_strategy"},
	{1266, 92, "an edit began the first run anew when its clients were there: test_first"},
	{1088, 0, "the oracle took a target whose old pods serve for one that cannot"},
	{1735, 0, "an apex that was led astray beside a target that is away: test_weights"},
	{3003, 0, "two processes' clocks, apart, made a deadline short: witness_release.c"},
	{3180, 0, "a Canary made anew and deleted left what bore the UID before"},
	{2184, 0, "a silent watch and pods that broke as it ended took all the deadline: truth.c"},
	{2238, 0, "the witness wanted a failure counted that was forgotten with the lease"},
	{2079, 0, "the oracle was content with a first run that had not seen its primary ready"},
	{1420, 0,
         "the target deleted while its run was Promoting: requests left to it: test_weights"},
	{1452, 157, "the clock of a process was put right when all was mended: crew.c"},
	{709, 0, "Services of a second Canary, deleted while no agent ran, stayed: test_spine"},
	{20218, 0, "a weight was left to a target that was deleted while it was promoted: walk"},
	{20234, 0, "a teardown left the apex Service without the target that came later: walk"},
	{20397, 0, "a retreat rested because forward writes had failed: test_thought"},
	{20725, 0, "a teardown left a target without pods, its primary was removed by hand: walk"},
	{20918, 0, "Services were read without end until the target was answered"},
	{20292, 0, "the witness forgot what was promoted when a teardown was cut short"},
	{20477, 0, "the oracle wanted clients taken from ready pods of a rollout that is stuck"},
	{21522, 0, "a weight that was capped and then taken back came late: witness_write.c"},
	{21979, 0, "pods of a run whose last save was not answered were scaled down: test_thought"},
	{21434, 0, "a primary of a superseded first run was left by a teardown"},
	{22394, 0, "a Canary made anew in mid-run and deleted left what the one before made"},
	{91164, 0, "what stood with a route of the Canary before was left: has_more"},
	{91116, 0, "a watch that fell silent as calm came had an edit to tell"},
	{91163, 0, "the second write of a retreat is not its first: witness_history.c"},
	{23770, 0, "a template compared without end while the watch of its target was late"},
	{200178, 0, "a weight raised before the run began waited behind a back-off: walk"},
	{36, 0, "what the cluster serves came while a Canary was there that never was valid"},
	{400041, 0, "the oracle wanted a ready primary of a first run whose version is stuck"},
	{401372, 0, "who stood by while the spec was edited ended the run under it: test_spine"},
	{401397, 0, "the save of a failed hook came after its process had died"},
	{179529198700052, 0, "a Canary made anew between the removals of the Releases before"},
	{179529299900070, 0,
         "an agent that leads again in its next life, and is told to stop at once"},
	{721074, 0,
         "a list of Releases came later than the reply of a save that was sent after it"},
	{720967, 0,
         "the same of another kind of run; and copies of a config, left by a Canary made anew"},
	{700348, 0, "a Canary made anew while the last removal for the one before was on its way"},
	{700416, 0, "a pause ended as calm came"},
	{179530324600820, 0,
         "pods were refused as late 4 ms after they were asked for: test_starting"},
	{800115, 0, "a list of routes came later than the reply of a write that was sent after it"},
	{870763, 0,
         "the same, and the agent was away again before it asked for them: test_starting"},
	{841309, 0, "a lease that was lost and won again by the same process: witness.c"},
	{841324, 0, "copies of a config that a Canary before had made were left: test_configs"},
	{700109, 0, "somebody deleted the Canary, and later its Service too"},
	{2015634, 0, "an answer that came beside an event was thrown away: test_spine"},
	{2015304, 0, "a clock that jumped between two questions of one check: test_witness"},
	{2015030, 0, "the oracle was content before a config was tried again: test_people"},
};

#endif
