import { formatIpv4 } from "../../protocol/ipv4.ts";
import { endOfPrefix, type KeyValue } from "./etcd-messages.ts";

/** A pair's keys in etcd, which several pairs may share. */
export interface PairKeys {
  /** Every key of the pair begins with it. */
  readonly prefix: string;
  /** The first key after them. */
  readonly end: string;
  /** Who leads: LeaderClaim. Its revision guards every commit. */
  readonly leader: string;
  /** HA-13, step 1: 1 or 0. */
  readonly failure: string;
  /** Followed by a node's name. The value is the node's boot, and exists while the node keeps it alive. */
  readonly presence: string;
  /** The number of the leader's latest transaction, which orders them (commit-chain.ts). */
  readonly chain: string;
  /** Followed by an address, `10.9.0.1`. The value is the lease file's record. */
  readonly leases: string;
}

/** `prefix` begins and ends with a slash, and is the same on both nodes: `/provlab/pair1/`. */
export function pairKeys(prefix: string): PairKeys {
  return {
    prefix,
    end: endOfPrefix(prefix),
    leader: `${prefix}leader`,
    failure: `${prefix}failure`,
    presence: `${prefix}presence/`,
    chain: `${prefix}chain`,
    leases: `${prefix}lease/`,
  };
}

export const leaseKey = (keys: PairKeys, address: number): string =>
  keys.leases + formatIpv4(address);

export const isLease = (keys: PairKeys, { key }: KeyValue): boolean => key.startsWith(keys.leases);
