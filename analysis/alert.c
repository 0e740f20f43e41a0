#include "analysis/alert.h"

#include "analysis/base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Somebody is to be told what is so grave. */
static bool is_heard(const struct canary_spec *spec, enum severity severity)
{
	for (size_t i = 0; i < spec->n_alerts; i++) {
		if (spec->alerts[i].severity <= severity)
			return true;
	}
	return false;
}

/* Room for one more, whose text is empty. */
static struct notice *add(struct release_status *status, enum severity severity)
{
	struct notice *alert;
	int64_t id = status->seq * NOTICES_MAX;

	if (status->n_alerts == ALERTS_MAX) {
		memmove(&status->alerts[0], &status->alerts[1],
		        (ALERTS_MAX - 1) * sizeof(status->alerts[0]));
		status->n_alerts--;
	}
	if (status->n_alerts > 0 && status->alerts[status->n_alerts - 1].id >= id)
		id = status->alerts[status->n_alerts - 1].id + 1;
	alert = &status->alerts[status->n_alerts++];
	*alert = (struct notice){
		.id = id,
		.is_warning = severity > SEVERITY_INFO,
		.severity = severity,
	};
	return alert;
}

void alert_raise(const struct thought *thought, struct release_status *status,
                 enum severity severity, const char *format, ...)
{
	struct notice *alert;
	va_list args;

	if (!is_heard(thought->spec, severity))
		return;
	alert = add(status, severity);
	va_start(args, format);
	(void)vsnprintf(alert->text, sizeof(alert->text), format, args);
	va_end(args);
}

void alert_introduce(const struct thought *thought, struct release_status *status, const char *text)
{
	struct notice *alert;

	if (!is_heard(thought->spec, SEVERITY_INFO))
		return;
	alert = add(status, SEVERITY_INFO);
	alert->has_details = true;
	text_copy(alert->text, text);
}

/* What that receiver was told of the newest Release; NULL for nothing. */
static const struct alert_fact *find_fact(const struct facts *facts, uint64_t receiver)
{
	if (strcmp(facts->alerts_release, facts->newest.uid) != 0)
		return NULL;
	for (size_t i = 0; i < SPEC_ALERTS_MAX; i++) {
		if (facts->alerts[i].receiver == receiver)
			return &facts->alerts[i];
	}
	return NULL;
}

/* Receiver INDEX was told the alert, gave it up, or does not ask for it. */
static bool was_told(const struct thought *thought, size_t index, const struct notice *alert)
{
	const struct alert_spec *receiver = &thought->spec->alerts[index];
	const struct alert_fact *fact = find_fact(thought->facts, receiver->receiver);

	return alert->severity < receiver->severity || (fact && fact->told >= alert->id);
}

static bool was_told_to_all(const struct thought *thought, const struct notice *alert)
{
	size_t i = 0;

	while (i < thought->spec->n_alerts && was_told(thought, i, alert))
		i++;
	return i == thought->spec->n_alerts;
}

/* Say who was given up with that alert. */
static void tell_failed(const struct thought *thought, struct release_status *status, int64_t id)
{
	for (size_t i = 0; i < thought->spec->n_alerts; i++) {
		const struct alert_fact *fact =
			find_fact(thought->facts, thought->spec->alerts[i].receiver);

		if (fact && fact->failed == id)
			thought_notice(status, true, "%s", fact->text);
	}
}

void alert_drop(const struct thought *thought, struct release_status *status)
{
	size_t kept = 0;

	for (size_t i = 0; i < status->n_alerts; i++) {
		if (was_told_to_all(thought, &status->alerts[i]))
			tell_failed(thought, status, status->alerts[i].id);
		else
			status->alerts[kept++] = status->alerts[i];
	}
	status->n_alerts = kept;
}

static bool is_silent(const struct facts *facts)
{
	return facts->is_deleted || facts->is_quarantined || !facts->has_spec ||
	       facts->newest.name[0] == '\0';
}

/* The first alert that receiver INDEX was not told; n_alerts when there is none. */
static size_t find_untold(const struct thought *thought, size_t index)
{
	const struct release_status *status = &thought->facts->newest.status;
	size_t i = 0;

	while (i < status->n_alerts && was_told(thought, index, &status->alerts[i]))
		i++;
	return i;
}

void alert_tell(struct thought *thought)
{
	const struct facts *facts = thought->facts;
	const struct release_status *status = &facts->newest.status;
	struct effect effect = {.kind = EFFECT_ALERT};

	if (is_silent(facts) || status->n_alerts == 0)
		return;
	text_copy(effect.release_uid, facts->newest.uid);
	for (size_t i = 0; i < thought->spec->n_alerts; i++) {
		size_t next = find_untold(thought, i);

		if (next == status->n_alerts)
			continue;
		effect.index = i;
		effect.question = thought->spec->alerts[i].receiver;
		effect.notice = status->alerts[next];
		thought_want(thought, &effect);
	}
}

void alert_keep(struct thought *thought)
{
	const struct facts *facts = thought->facts;
	struct release_status status;

	if (is_silent(facts) || facts->newest.status.n_alerts == 0 || thought->plan->n_effects > 0)
		return;
	status = thought_next_status(thought);
	if (status.n_alerts == 0)
		thought_save(thought, &status, false);
}

bool alert_is_done(const struct thought *thought)
{
	const struct facts *facts = thought->facts;

	for (size_t i = 0; i < thought->spec->n_alerts; i++) {
		const struct alert_fact *fact = find_fact(facts, thought->spec->alerts[i].receiver);

		if (find_untold(thought, i) < facts->newest.status.n_alerts &&
		    !(fact && fact->is_deaf))
			return false;
	}
	return true;
}
