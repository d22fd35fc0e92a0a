import { hash32 } from "../../base/prng.ts";
import type { Ipv4Network } from "../../protocol/ipv4.ts";
import { type LeaseWish, wishedSeconds } from "./lease-wish.ts";
import { DEAL_UNITS, dealCmts, unitsOnFullest, VendorPlan, type VendorShare } from "./topology.ts";

/** What a simulated device is. The order is the order of device numbers in a population. */
export const deviceKinds = ["cable-modem", "mta", "cpe", "smart-meter"] as const;
export type DeviceKind = (typeof deviceKinds)[number];

export const docsisVersions = ["1.0", "1.1", "2.0", "3.0", "3.1"] as const;
export type DocsisVersion = (typeof docsisVersions)[number];

export interface PopulationPlan {
  readonly cableModems: number;
  readonly mtas: number;
  readonly cpes: number;
  readonly smartMeters: number;
  /** Emulated CMTSs, which are the relay agents of everybody. */
  readonly cmtsCount: number;
  /** The share of the modems and meters of each CMTS; equal shares when left out. */
  readonly cmts?: readonly { readonly percent: number }[] | undefined;
  /** The makers of the devices; all are the lab's own when left out. */
  readonly macPlan?: { readonly vendors: readonly VendorShare[] } | undefined;
  /** The lease time that devices ask for; none when left out. */
  readonly leaseSeconds?: LeaseWish | undefined;
  /** Relative shares of the modems; a version left out has none. */
  readonly docsisVersions?: DocsisShares | undefined;
  /** The block that all networks of the CMTSs are cut from; 127.64.0.0/10 when left out. */
  readonly addressBlock?: Ipv4Network | undefined;
  /** Decides which modem speaks which DOCSIS version; 1 when left out. */
  readonly seed?: number;
}

type DocsisShares = Readonly<Partial<Record<DocsisVersion, number | undefined>>>;

/** The addresses set aside for one kind of device on one CMTS; both ends belong to it. */
export interface PoolRange {
  readonly kind: DeviceKind;
  readonly low: number;
  readonly high: number;
}

export interface CmtsNetwork {
  readonly giaddr: number;
  readonly network: number;
  readonly prefixLength: number;
  readonly pools: readonly PoolRange[];
}

/** Unit numbers are the last three octets of a MAC address. */
export const UNITS_MAX = 0x100_0000;
export const CMTS_MAX = 4096;

/** Where the plan has the number of devices of each kind, in the order of `deviceKinds`. */
export const countNames = ["cableModems", "mtas", "cpes", "smartMeters"] as const;

const defaultIpv4Network: Ipv4Network = { network: 0x7f40_0000, prefixLength: 10 };
const defaultVersionShares = { "1.0": 2, "1.1": 8, "2.0": 20, "3.0": 50, "3.1": 20 } as const;

// By kind. 02 marks a locally administered address, so no real device is ever met.
const ownOuis: readonly number[] = [0x02_1000, 0x02_2000, 0x02_3000, 0x02_4000];

const VERSION_STREAM = 0x7665_7273;
// .0 is the network, .1 the CMTS; the rest up to .15 stays free for servers and test tools.
const RESERVED_ADDRESSES = 16;

/**
 * Who the devices are: numbers, MAC addresses, relays and addresses, all computed from the plan, so
 * that a million devices take no memory here.
 *
 * Devices are numbered 0 to `size` - 1: modems first, then MTAs, CPEs and smart meters. The *unit* of
 * a device is its number among its kind. MTA u and CPE u sit behind modem u mod `cableModems`, a
 * modem and a meter on CMTS u mod `cmtsCount` (unless the CMTSs are uneven), and a device belongs to
 * worker u mod workers.
 */
export class Population {
  readonly plan: PopulationPlan;
  readonly size: number;
  readonly cmtsCount: number;
  /** How many devices of each kind, in the order of `deviceKinds`. */
  readonly countOf: readonly number[];
  /** The number of the first device of each kind, and `size` at the end. */
  readonly firstOf: readonly number[];
  /** The part of the address block in use: `cmtsCount` networks side by side. */
  readonly firstAddress: number;
  readonly addressCount: number;
  readonly #hostBits: number;
  readonly #networks: readonly CmtsNetwork[];
  readonly #seed: number;
  // The CMTS of each unit of a round, where CMTSs are uneven.
  readonly #deal: Uint16Array | undefined;
  readonly #vendors: VendorPlan | undefined;
  // Cumulative shares of the DOCSIS versions, scaled to 2^32.
  readonly #versionLimits: readonly number[];

  /** Throws RangeError for a plan that cannot be built, and says which number is the cause. */
  constructor(plan: PopulationPlan) {
    checkPlan(plan);
    this.plan = plan;
    this.countOf = countNames.map((name) => plan[name]);
    this.firstOf = cumulative(this.countOf);
    this.size = this.firstOf[deviceKinds.length];
    this.cmtsCount = plan.cmtsCount;
    this.#seed = plan.seed ?? 1;
    this.#versionLimits = versionLimits(plan.docsisVersions ?? defaultVersionShares);

    this.#deal = plan.cmts && dealCmts(plan.cmts.map(({ percent }) => percent));
    const vendors = plan.macPlan?.vendors;
    this.#vendors = vendors && new VendorPlan(vendors, deviceKinds, this.#seed);

    const poolSizes = this.#poolSizes();
    const needed = poolSizes.reduce((sum, size) => sum + size, RESERVED_ADDRESSES + 1);
    this.#hostBits = Math.max(8, Math.ceil(Math.log2(needed)));
    const block = plan.addressBlock ?? defaultIpv4Network;
    this.firstAddress = block.network;
    this.addressCount = plan.cmtsCount * 2 ** this.#hostBits;
    if (this.addressCount > 2 ** (32 - block.prefixLength)) {
      throw new RangeError(
        `the address block holds ${2 ** (32 - block.prefixLength)} addresses, ` +
          `${plan.cmtsCount} networks of ${2 ** this.#hostBits} need ${this.addressCount}; ` +
          "take a larger addressBlock, fewer devices or another cmtsCount",
      );
    }
    this.#networks = Array.from({ length: plan.cmtsCount }, (_, index) =>
      this.#layOut((block.network + index * 2 ** this.#hostBits) >>> 0, poolSizes),
    );
  }

  kindOf(device: number): DeviceKind {
    return deviceKinds[this.kindIndexOf(device)];
  }

  /** The kind as an index of `deviceKinds`: for arrays and loops. */
  kindIndexOf(device: number): number {
    if (device < this.firstOf[1]) return 0;
    if (device < this.firstOf[2]) return 1;
    return device < this.firstOf[3] ? 2 : 3;
  }

  unitOf(device: number): number {
    return device - this.firstOf[this.kindIndexOf(device)];
  }

  /** The device number of unit `unit` of a kind; -1 when there is no such unit. */
  deviceOf(kindIndex: number, unit: number): number {
    return unit < this.countOf[kindIndex] ? this.firstOf[kindIndex] + unit : -1;
  }

  /** The device with this hardware address; -1 when it is not one of ours. */
  deviceOfMac(mac: Uint8Array): number {
    if (mac.length !== 6) return -1;
    const oui = (mac[0] << 16) | (mac[1] << 8) | mac[2];
    const ofVendor = this.#vendors === undefined ? -1 : this.#vendors.kindOfOui(oui);
    const kindIndex = ofVendor >= 0 ? ofVendor : ownOuis.indexOf(oui);
    if (kindIndex < 0) return -1;
    const unit = (mac[3] << 16) | (mac[4] << 8) | mac[5];
    return this.#ouiOf(kindIndex, unit) === oui ? this.deviceOf(kindIndex, unit) : -1;
  }

  #ouiOf(kindIndex: number, unit: number): number {
    const oui = this.#vendors === undefined ? -1 : this.#vendors.ouiOf(kindIndex, unit);
    return oui >= 0 ? oui : ownOuis[kindIndex];
  }

  macOf(device: number): Uint8Array {
    const mac = new Uint8Array(6);
    this.writeMac(device, mac, 0);
    return mac;
  }

  writeMac(device: number, target: Uint8Array, start: number): void {
    const kindIndex = this.kindIndexOf(device);
    const unit = device - this.firstOf[kindIndex];
    const oui = this.#ouiOf(kindIndex, unit);
    target[start] = oui >>> 16;
    target[start + 1] = oui >>> 8;
    target[start + 2] = oui;
    target[start + 3] = unit >>> 16;
    target[start + 4] = unit >>> 8;
    target[start + 5] = unit;
  }

  /** The device that a device hangs on: the modem of an MTA or CPE, else the device itself. */
  attachmentOf(device: number): number {
    const kindIndex = this.kindIndexOf(device);
    if (kindIndex === 0 || kindIndex === 3) return device;
    return (device - this.firstOf[kindIndex]) % this.countOf[0];
  }

  cmtsOf(device: number): number {
    const unit = this.unitOf(this.attachmentOf(device));
    return this.#deal === undefined ? unit % this.cmtsCount : this.#deal[unit % DEAL_UNITS];
  }

  /** Undefined for everything but a cable modem. */
  docsisVersionOf(device: number): DocsisVersion | undefined {
    if (device >= this.firstOf[1]) return undefined;
    const draw = hash32(this.#seed, VERSION_STREAM, device);
    const limits = this.#versionLimits;
    let index = 0;
    while (draw >= limits[index]) index += 1;
    return docsisVersions[index];
  }

  /** The lease time that a device asks for, in seconds; 0 when devices ask for none. */
  leaseSecondsOf(device: number): number {
    const { leaseSeconds } = this.plan;
    return leaseSeconds === undefined ? 0 : wishedSeconds(leaseSeconds, this.#seed, device);
  }

  /** Units a whole number of these apart are on one CMTS. */
  get cmtsPeriod(): number {
    return this.#deal === undefined ? this.cmtsCount : DEAL_UNITS;
  }

  cmts(index: number): CmtsNetwork {
    return this.#networks[index];
  }

  /** The CMTS in whose network an address lies; -1 when it is in none of them. */
  cmtsOfAddress(address: number): number {
    const offset = address - this.firstAddress;
    if (offset < 0 || offset >= this.addressCount) return -1;
    return Math.floor(offset / 2 ** this.#hostBits);
  }

  // As many addresses as the fullest CMTS has devices of the kind, and some to spare: addresses that
  // are declined, or held back after an offer that nobody took, must not starve the others.
  #poolSizes(): number[] {
    const modems = this.countOf[0];
    return this.countOf.map((count, kindIndex) => {
      if (count === 0) return 0;
      const units = kindIndex === 1 || kindIndex === 2 ? modems : count;
      const used = Math.min(units, count);
      const onFullest =
        this.#deal === undefined
          ? Math.ceil(used / this.cmtsCount)
          : unitsOnFullest(this.#deal, used);
      const devicesAUnit = Math.ceil(count / units);
      const most = onFullest * devicesAUnit;
      return most + Math.ceil(most / 8) + 8;
    });
  }

  #layOut(network: number, poolSizes: readonly number[]): CmtsNetwork {
    let next = network + RESERVED_ADDRESSES;
    const pools: PoolRange[] = [];
    for (const [kindIndex, size] of poolSizes.entries()) {
      if (size === 0) continue;
      pools.push({ kind: deviceKinds[kindIndex], low: next, high: next + size - 1 });
      next += size;
    }
    return { giaddr: network + 1, network, prefixLength: 32 - this.#hostBits, pools };
  }
}

/** All pools of a network are one: the lowest and the highest address that its devices may get. */
export function wholeRange({ pools }: CmtsNetwork) {
  return {
    low: Math.min(...pools.map((pool) => pool.low)),
    high: Math.max(...pools.map((pool) => pool.high)),
  };
}

function checkPlan(plan: PopulationPlan): void {
  for (const name of countNames) {
    const count = plan[name];
    if (!Number.isInteger(count) || count < 0 || count > UNITS_MAX) {
      throw new RangeError(`${name} is ${count}: give a whole number from 0 to ${UNITS_MAX}`);
    }
  }
  if (plan.cableModems + plan.mtas + plan.cpes + plan.smartMeters === 0) {
    throw new RangeError("the population has no device");
  }
  if (plan.cableModems === 0 && plan.mtas + plan.cpes > 0) {
    throw new RangeError("MTAs and CPEs need cableModems to sit behind, and there are none");
  }
  if (!Number.isInteger(plan.cmtsCount) || plan.cmtsCount < 1 || plan.cmtsCount > CMTS_MAX) {
    throw new RangeError(
      `cmtsCount is ${plan.cmtsCount}: give a whole number from 1 to ${CMTS_MAX}`,
    );
  }
  const block = plan.addressBlock;
  if (block === undefined) return;
  const { network, prefixLength } = block;
  if (!Number.isInteger(prefixLength) || prefixLength < 1 || prefixLength > 24) {
    throw new RangeError(`addressBlock has prefix length ${prefixLength}: give one from 1 to 24`);
  }
  if (network % 2 ** (32 - prefixLength) !== 0) {
    throw new RangeError(`addressBlock has host bits beyond its prefix length ${prefixLength}`);
  }
}

function cumulative(counts: readonly number[]): number[] {
  const sums = [0];
  for (const count of counts) sums.push(sums[sums.length - 1] + count);
  return sums;
}

function versionLimits(shares: DocsisShares): number[] {
  const weights = docsisVersions.map((version) => shares[version] ?? 0);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  if (weights.some((weight) => !(weight >= 0)) || !(total > 0) || !Number.isFinite(total)) {
    throw new RangeError("docsisVersions needs shares that are not negative, one of them above 0");
  }
  const limits = cumulative(weights).slice(1);
  // The last version with a share gets the rounding, so that no draw falls beside all of them.
  const last = weights.findLastIndex((weight) => weight > 0);
  return limits.map((limit, index) => (index >= last ? 2 ** 32 : (limit / total) * 2 ** 32));
}
