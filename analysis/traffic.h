/* Where requests should go, and the wishes that bring them there. */
#ifndef ANALYSIS_TRAFFIC_H
#define ANALYSIS_TRAFFIC_H

#include "analysis/thought.h"

/*
 * Whose pods the apex Service should select. The primary's, except while a run is past its start
 * and the primary has no ready pod but the canary has, while a promotion may leave the primary
 * without one, and after a failed promotion until the primary is restored. On NGINX a primary
 * without endpoints answers 503 at any weight, and on `kubernetes` there is no weight: there the
 * selector is the only answer. In a first run it stays with the one that it selects while that has
 * a ready pod, until the primary is ready and the Release is Finalising. Of a target that is a
 * Service it is never moved: the apex is the user's.
 */
enum backend traffic_backend(const struct thought *thought);

/* What the apex Service selects was seen, or is not ours to move. */
bool traffic_knows_apex(struct thought *thought);

/* Want the apex Service to select BACKEND; true when it was seen to do so and all else about it is
 * right. */
bool traffic_selects(struct thought *thought, enum backend backend, bool is_retreat);

/* Want the Services of canary and primary; true when both are there. */
bool traffic_services(struct thought *thought);

/* Want the Services as above, but for a primary's that `traffic_selects` moves; true when all are
 * there. */
bool traffic_mends(struct thought *thought);

/*
 * Want the canary's weight, and no copies of requests for it; true when it was seen, or when the
 * provider has no weights.
 */
bool traffic_weighs(struct thought *thought, int weight, bool is_retreat);

/*
 * Want weight 0 while no run moves clients; true when it was seen. A weight that a foreign hand
 * gave the canary there is taken back as in a retreat: what nobody analyses answers for it. A first
 * run does not ask.
 */
bool traffic_rests(struct thought *thought);

/*
 * Before the first promotion clients may be on the primary all the same: a Canary that was made
 * anew, or whose first run was overtaken, begins with one that they were led to. Where it has no
 * ready pod and the target has, want them back on the target; the primary gets them again when it
 * is ready, or, once they were there, when it alone has a ready pod.
 */
void traffic_rescues(struct thought *thought);

/*
 * The same, and of a primary that serves want back at once what a foreign hand takes from it. Where
 * the apex selects the target, or the primary has no ready pod, the weight is left as it is.
 */
void traffic_reclaims(struct thought *thought);

/* Weight 0 as traffic_weighs wants it, where a retreat begins: it waits for nothing, a fight with
 * another writer included. */
void traffic_withdraws(struct thought *thought);

/* Want copies of the requests for the canary, and weight 0; true when it was seen. */
bool traffic_mirrors(struct thought *thought);

/* Whoever sends requests knows of WORKLOAD's pods by now. */
bool traffic_reaches(struct thought *thought, const struct workload_fact *workload);

/* Want no more than CAP for the canary, waiting for nothing: more was given by a foreign hand. Less
 * stays as it is. */
void traffic_caps(struct thought *thought, int cap);

/* The target is not what was analysed any more, a newer revision or gone, and the primary has a
 * ready pod: past the steps no request is left to it. */
bool traffic_leaves_canary(const struct thought *thought);

/* The present weight and selector were seen for the provider's measured time, so that no request
 * goes elsewhere. */
bool traffic_holds(struct thought *thought);

/*
 * The same for three times as long: pods that got requests may go. A slow data plane still asks
 * them for a while, and keeping them a little longer costs nothing.
 */
bool traffic_settled(struct thought *thought);

/*
 * In Promoting: the requests come back to the primary in steps. Not where the canary has none of
 * them (D-12), and not from a canary without a ready pod, whose share nobody answers, or whose
 * template people put back meanwhile.
 */
bool traffic_is_stepped(const struct thought *thought);

/* The canary's live weight; 0 when the route is absent or the provider has none. */
int traffic_live_weight(const struct thought *thought);

#endif
