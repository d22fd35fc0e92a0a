import { isPermitted } from "../../config/model/evaluate.ts";
import type { Pool, SharedNetwork } from "../../config/model/model.ts";
import { isHeld, isLive, isOwner } from "../exchange/client.ts";
import { dynamicHostFor, fixedPlaceFor } from "../exchange/declared-hosts.ts";
import type { Exchange } from "../exchange/exchange.ts";
import type { Place } from "../exchange/place.ts";
import { type DropOutcome, drop } from "./drop.ts";
import { releaseLease } from "./lease-end.ts";

/** Where a DISCOVER or a BOOTP client is served: a fixed address before any lease. */
export function choosePlace(exchange: Exchange): Place | DropOutcome {
  const { network, parts, hosts, bootp } = exchange;
  if (network === undefined) {
    const note = bootp ? "network unknown" : "unknown network segment";
    return drop(exchange, "unknown-network-segment", note);
  }
  const fixed = fixedPlaceFor(parts, hosts, network, exchange.wanted);
  if (fixed !== undefined) return fixed;
  const index = chooseLease(exchange, network);
  if (index < 0) {
    const isPermittedSomewhere = network.pools.some((pool) => isPermitted(pool, exchange));
    const note = bootp
      ? "BOOTP from dynamic client and no dynamic leases"
      : `network ${network.name}: no free leases`;
    return drop(exchange, isPermittedSomewhere ? "no-free-lease" : "not-permitted", note);
  }
  const address = parts.leases.addressOf(index);
  return { kind: "place", address, index, host: dynamicHostFor(hosts), isStatic: false };
}

/**
 * The lease for a client, in dhcpd's order of preference: the address that the client asks for, its
 * lease by client identifier, its lease by hardware address, a free address; -1 when there is none.
 */
function chooseLease(exchange: Exchange, network: SharedNetwork): number {
  const { leases } = exchange.parts;
  const { clientId, hardware } = exchange;
  const wanted = exchange.wanted === 0 ? -1 : leases.indexOf(exchange.wanted);
  if (wanted >= 0 && isUsable(exchange, network, wanted)) return wanted;
  if (clientId !== undefined) {
    const own = firstUsable(exchange, network, leases.byClientId(clientId));
    if (own >= 0) return own;
  }
  const own = firstUsable(exchange, network, leases.byHardware(hardware.type, hardware.address));
  return own >= 0 ? own : takeFree(exchange, network);
}

/** The first lease that the client may have again. Its leases in pools that no longer take it end. */
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

/** On the network, in a pool that takes the client, and not another client's. */
function isUsable(exchange: Exchange, network: SharedNetwork, index: number): boolean {
  const { leases, config } = exchange.parts;
  if (leases.isAbandoned(index)) return false;
  const pool = config.pools[leases.poolOf(index)];
  if (pool.sharedNetwork !== network || !isPermitted(pool, exchange)) return false;
  if (isOwner(leases, index, exchange)) return true;
  return isAvailable(exchange, index);
}

/** Neither bound, nor held for an answer to an offer, nor reserved. */
export function isAvailable(exchange: Exchange, index: number): boolean {
  const { leases } = exchange.parts;
  const { nowSeconds } = exchange;
  return (
    !isLive(leases, index, nowSeconds) &&
    !isHeld(leases, index, nowSeconds) &&
    !leases.isReserved(index)
  );
}

/** A fixed address inside a range, which is another client's lease. */
export function isTaken(exchange: Exchange, { index, isStatic }: Place): boolean {
  if (!isStatic || index < 0) return false;
  return !isOwner(exchange.parts.leases, index, exchange) && !isAvailable(exchange, index);
}

/**
 * The free address whose use ended longest ago, over all pools that take the client: never used
 * ones ended at 0. Abandoned addresses are the last resort.
 */
function takeFree(exchange: Exchange, { pools }: SharedNetwork): number {
  const { leases } = exchange.parts;
  let best = -1;
  for (const pool of pools) {
    if (!isPermitted(pool, exchange)) continue;
    const index = leases.takeFree(pool.index, exchange.nowSeconds);
    if (index < 0) continue;
    if (leases.isNeverUsed(index)) return index;
    if (best < 0 || leases.endsAt(index) < leases.endsAt(best)) best = index;
  }
  return best < 0 ? takeAbandoned(exchange, pools) : best;
}

function takeAbandoned(exchange: Exchange, pools: readonly Pool[]): number {
  for (const pool of pools) {
    if (!isPermitted(pool, exchange)) continue;
    const index = exchange.parts.leases.takeAbandoned(pool.index);
    if (index >= 0) return index;
  }
  return -1;
}
