import { isPermitted } from "../../config/model/evaluate.ts";
import type { Pool, SharedNetwork } from "../../config/model/model.ts";
import { isHeld, isLive, isOwner } from "../exchange/client.ts";
import type { Exchange } from "../exchange/exchange.ts";
import { releaseLease } from "./grant.ts";

/** The lease to offer, or why there is none. */
export type Choice =
  | { readonly kind: "lease"; readonly index: number }
  | { readonly kind: "none"; readonly reason: "not-permitted" | "no-free-lease" };

/**
 * Which lease a DISCOVER gets, in dhcpd's order of preference: the address that the client asks
 * for, its lease by client identifier, its lease by hardware address, a free address.
 */
export function chooseLease(exchange: Exchange, network: SharedNetwork): Choice {
  const { leases } = exchange.parts;
  const { clientId, hardware } = exchange;
  const wanted = exchange.wanted === 0 ? -1 : leases.indexOf(exchange.wanted);
  if (wanted >= 0 && isUsable(exchange, network, wanted)) return { kind: "lease", index: wanted };
  if (clientId !== undefined) {
    const own = firstUsable(exchange, network, leases.byClientId(clientId));
    if (own >= 0) return { kind: "lease", index: own };
  }
  const own = firstUsable(exchange, network, leases.byHardware(hardware.type, hardware.address));
  if (own >= 0) return { kind: "lease", index: own };
  return takeFree(exchange, network);
}

/** The first lease that the client may have again; one that its pool no longer allows is ended. */
function firstUsable(exchange: Exchange, network: SharedNetwork, found: readonly number[]): number {
  const { leases, config } = exchange.parts;
  for (const index of found) {
    if (isUsable(exchange, network, index)) return index;
    const pool = config.pools[leases.poolOf(index)];
    const isLost = pool.sharedNetwork === network && !isPermitted(pool, exchange);
    if (isLost && leases.isActive(index) && isOwner(leases, index, exchange)) {
      releaseLease(exchange, index);
    }
  }
  return -1;
}

/** On the network, in a pool that takes the client, and nobody else's. */
function isUsable(exchange: Exchange, network: SharedNetwork, index: number): boolean {
  const { leases, config } = exchange.parts;
  if (leases.isAbandoned(index)) return false;
  const pool = config.pools[leases.poolOf(index)];
  if (pool.sharedNetwork !== network || !isPermitted(pool, exchange)) return false;
  if (isOwner(leases, index, exchange)) return true;
  return isAvailable(exchange, index);
}

/** Nobody's: neither bound, nor held for an answer to an offer, nor reserved. */
export function isAvailable(exchange: Exchange, index: number): boolean {
  const { leases } = exchange.parts;
  const { nowSeconds } = exchange;
  return (
    !isLive(leases, index, nowSeconds) &&
    !isHeld(leases, index, nowSeconds) &&
    !leases.isReserved(index)
  );
}

/**
 * The free address whose use ended longest ago, over all pools that take the client: never used
 * ones ended at 0. Only a network without any free address turns to the abandoned ones.
 */
function takeFree(exchange: Exchange, network: SharedNetwork): Choice {
  const { leases } = exchange.parts;
  let best = -1;
  let isPermittedSomewhere = false;
  for (const pool of network.pools) {
    if (!isPermitted(pool, exchange)) continue;
    isPermittedSomewhere = true;
    const index = leases.takeFree(pool.index, exchange.nowSeconds);
    if (index < 0) continue;
    if (leases.isNeverUsed(index)) return { kind: "lease", index };
    if (best < 0 || leases.endsAt(index) < leases.endsAt(best)) best = index;
  }
  if (!isPermittedSomewhere) return { kind: "none", reason: "not-permitted" };
  if (best < 0) best = takeAbandoned(exchange, network.pools);
  return best < 0 ? { kind: "none", reason: "no-free-lease" } : { kind: "lease", index: best };
}

function takeAbandoned(exchange: Exchange, pools: readonly Pool[]): number {
  for (const pool of pools) {
    if (!isPermitted(pool, exchange)) continue;
    const index = exchange.parts.leases.takeAbandoned(pool.index);
    if (index >= 0) return index;
  }
  return -1;
}
