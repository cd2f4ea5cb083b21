/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which route a number takes, and with it which carriers in which order and under
 * which sender. Pure: the table is in the configuration, chance is handed in.
 */
#ifndef WW_ROUTING_H
#define WW_ROUTING_H

#include "conf/conf.h"

struct conf_file;

/* After the routes were read: sorts their patterns, and says of two routes that would
 * take the same numbers in which lines they stand. */
void routing_build(struct conf *c, struct conf_file *f);
/* The route with the longest prefix that fits, on that channel; NULL when none does. */
const struct conf_route *routing_find(
    const struct conf *c, enum channel channel, const char *destination);
/* Without any routes: the first carrier that carries the channel. NULL: none does, or
 * there are routes, which then say all. */
const struct carrier_config *routing_default(const struct conf *c, enum channel channel);
/* CHANNEL_BIT of each channel that has a default or a route: a message of another goes
 * nowhere, whatever its destination. */
unsigned routing_channels(const struct conf *c);
/* The route's sender for that number's country, or for all; NULL: none. */
const char *routing_sender(const struct conf_route *r, const char *destination);
/*
 * The carriers in the order in which they are to be tried: by rank, among equals by
 * weighted chance. Returns how many.
 */
size_t routing_order(const struct conf_route *r,
    const uint32_t random[CONF_ROUTE_CARRIERS_MAX],
    const struct carrier_config *out[CONF_ROUTE_CARRIERS_MAX]);

#endif
