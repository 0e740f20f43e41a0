/* The routes of the API, one function each; they answer the visit, now or later. */
#ifndef AGENT_API_ROUTE_H
#define AGENT_API_ROUTE_H

#include "agent/api_visit.h"

/* Canaries with their Releases, from the API server: API_ROUTE_CANARIES and API_ROUTE_CANARY. */
void api_canaries(struct api_visit *visit);

/* Evidence: API_ROUTE_RELEASES, API_ROUTE_RELEASE, API_ROUTE_ROUNDS and API_ROUTE_SPLITS. */
void api_history(struct api_visit *visit);

/* The stream of events. */
void api_events(struct api_visit *visit);

/* All streams get EVENT that it concerns. */
struct api_feed_event;
void api_events_tell(struct api *api, const struct api_feed_event *event);

/* The beat of the streams; api->beat.ring. */
void api_events_beat(struct alarm *alarm);

/* What there is to ask, and how answers look. */
void api_openapi(struct api_visit *visit);

#endif
