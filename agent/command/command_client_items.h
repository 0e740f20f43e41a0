/* The items of a list that is read and followed; a part of command_client.c. */
#ifndef AGENT_COMMAND_COMMAND_CLIENT_ITEMS_H
#define AGENT_COMMAND_COMMAND_CLIENT_ITEMS_H

#include "agent/command/command_client.h"

/* Items of a LIST do not say what they are: write it into the item. */
void command_client_items_name(json_t *item, enum kube_kind kind);

/* Has ITEMS room for another one? ERR_LIMIT. */
bool command_client_items_check(const struct command_client_list *list, const json_t *items,
                                struct err *err);

/* Put a copy of OBJECT into the list, in the place of its former self. */
void command_client_items_put(struct command_client_list *list, const json_t *object);

/* Take OBJECT out of the list, if it is there. */
void command_client_items_drop(struct command_client_list *list, const json_t *object);

/* Put a copy of OBJECT into the list under way, which names each once. */
void command_client_items_add(struct command_client_list *list, const json_t *object);

/* The list under way is complete: it takes the place of the old one. */
void command_client_items_renew(struct command_client_list *list);

#endif
