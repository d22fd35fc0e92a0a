import { MessageType } from "../../protocol/dhcp/message-type.ts";
import { OptionCode } from "../../protocol/dhcp/option-code.ts";
import type { DhcpPacket } from "../../protocol/dhcp/packet.ts";
import { classify, type EvaluationContext, scopesOf } from "../config/evaluate.ts";
import type { ClientClassMember, Host, ServerConfig, SharedNetwork } from "../config/model.ts";
import { Variables } from "../config/variables.ts";
import type { HardwareAddress, LeaseClient } from "../lease/lease.ts";
import type { LeaseTable } from "../lease/lease-table.ts";
import { isLive, isOwner } from "./client.ts";
import type { LeaseEvents } from "./lease-events.ts";
import type { LeaseLimits } from "./lease-limits.ts";
import { locateNetwork, networkOfInterface } from "./network.ts";
import { type Arrival, type LocalInterface, noChanges } from "./outcome.ts";
import type { PendingOffers } from "./pending-offers.ts";
import type { Policy } from "./policy.ts";
import type { PolicyCache } from "./policy-cache.ts";
import type { PoolThresholds } from "./pool-thresholds.ts";
import type { StatementOutput } from "./statement-output.ts";
import type { WordOptions } from "./word-options.ts";

/** What every decision may use: the parts that one engine is made of. */
export interface EngineParts {
  readonly config: ServerConfig;
  readonly leases: LeaseTable;
  readonly limits: LeaseLimits;
  readonly policies: PolicyCache;
  readonly events: LeaseEvents;
  /** Takes what statements say and ask for. */
  readonly output: (output: StatementOutput) => void;
  readonly serverHostName: string | undefined;
  readonly thresholds: PoolThresholds;
  readonly pending: PendingOffers;
  readonly words: WordOptions;
  readonly ports: { readonly server: number; readonly client: number };
  readonly logLines: boolean;
  readonly resolve: ((name: string) => readonly number[] | undefined) | undefined;
  readonly nameOf: ((address: number) => string | undefined) | undefined;
}

const noHosts: readonly Host[] = [];
/** dhcpd's end of time: what it counts down to in a lease without end. */
const LAST_SECOND = 0x7fff_ffff;
const noNotes: readonly string[] = [];

/** One packet and what has been found out about its sender. Lives for one call of `respond`. */
export class Exchange implements EvaluationContext {
  readonly parts: EngineParts;
  readonly arrival: Arrival;
  readonly packet: DhcpPacket;
  readonly type: number;
  readonly nowSeconds: number;
  readonly nowMs: number;
  readonly receivedOn: LocalInterface | undefined;
  readonly hardware: HardwareAddress;
  /** Option 61; undefined when there is none, or an empty one. */
  readonly clientId: Uint8Array | undefined;
  /** Option 82 as received. */
  readonly receivedRelayAgent: Uint8Array | undefined;
  /** Requested address (option 50), else ciaddr; 0 when there is neither. */
  readonly wanted: number;
  readonly network: SharedNetwork | undefined;
  readonly hostsByClientId: readonly Host[];
  readonly hostsByHardware: readonly Host[];
  readonly hostsByOption: readonly Host[];
  readonly raw: Uint8Array | undefined;
  readonly resolve: EngineParts["resolve"];
  /** Option 82 of an earlier packet, from the lease; such a one is never echoed. */
  relayAgent: Uint8Array | undefined;
  leaseAddress: number | undefined;
  isStatic = false;
  hostName: string | undefined;
  /** Those of the lease that it is about; without one, they are forgotten with the packet. */
  variables: Variables;
  readonly optionVariables: Variables;
  /** A value was worked out from the time that the lease has left. */
  isLeaseTimeUsed = false;
  #leaseSeconds: number | undefined;
  #isClassifying = false;
  #members: readonly ClientClassMember[] | undefined;
  #changes: number[] | undefined;
  #notes: string[] | undefined;

  constructor(
    parts: EngineParts,
    arrival: Arrival,
    type: number,
    now: { readonly seconds: number; readonly ms: number },
    receivedOn: LocalInterface | undefined,
  ) {
    const { packet } = arrival;
    const { hosts } = parts.config;
    this.parts = parts;
    this.arrival = arrival;
    this.packet = packet;
    this.type = type;
    this.nowSeconds = now.seconds;
    this.nowMs = now.ms;
    this.receivedOn = receivedOn;
    this.raw = arrival.raw ?? packet.bytes;
    this.resolve = parts.resolve;
    this.optionVariables = new Variables(parts.config.matching.variables);
    this.variables = this.optionVariables;
    const hardware = { type: packet.htype, address: packet.chaddr };
    this.hardware = hardware;
    // A look-up makes a view each time, so what is needed again and again is looked up once.
    this.receivedRelayAgent = packet.options.get(OptionCode.relayAgentInformation);
    const clientId = packet.options.get(OptionCode.clientIdentifier);
    this.clientId = clientId === undefined || clientId.length === 0 ? undefined : clientId;
    this.wanted = packet.options.getUInt32(OptionCode.requestedAddress) ?? packet.ciaddr;
    this.network = locateNetwork(parts.config, packet, this.receivedRelayAgent, receivedOn, type);
    this.hostsByClientId = this.clientId === undefined ? noHosts : hosts.byClientId(this.clientId);
    this.hostsByHardware = hosts.byHardware(hardware.type, hardware.address);
    this.hostsByOption = hosts.hasIdentifiers ? hosts.byOption(this) : noHosts;
    if (type === MessageType.request) this.#takeStashedRelayAgent();
  }

  /** Has a host declaration, in any scope. */
  get known(): boolean {
    // dhcpd classifies a packet before it looks for its host, and does not look for that of an INFORM.
    if (this.#isClassifying || this.type === MessageType.inform) return false;
    return (
      this.hostsByClientId.length > 0 ||
      this.hostsByHardware.length > 0 ||
      this.hostsByOption.length > 0
    );
  }

  /** A BOOTP client: it sent no message type. */
  get bootp(): boolean {
    return this.type === 0;
  }

  /** The classes of the packet; evaluated once, when first asked for. */
  get members(): readonly ClientClassMember[] {
    if (this.#members === undefined) {
      this.#isClassifying = true;
      this.#members = classify(this.parts.config, this);
      this.#isClassifying = false;
    }
    return this.#members;
  }

  /** False while the classes are still being matched. */
  get isClassified(): boolean {
    return !this.#isClassifying && this.members.length > 0;
  }

  get serverHostName(): string | undefined {
    return this.parts.serverHostName;
  }

  /** What the lease has left, in seconds; undefined when there is none, and when it is over. */
  get leaseSeconds(): number | undefined {
    this.isLeaseTimeUsed = true;
    return this.#leaseSeconds;
  }

  set leaseSeconds(seconds: number | undefined) {
    this.#leaseSeconds = seconds;
  }

  /**
   * Turns to a lease: expressions see its variables and its end. Those of another client and, for a
   * DISCOVER, those of a lease that is over are gone. An index of -1 is that of no lease.
   */
  turnTo(index: number): void {
    const { leases } = this.parts;
    const left = index < 0 ? -1 : leases.endsAt(index) - this.nowSeconds;
    this.#leaseSeconds = left < 0 ? undefined : Math.min(left, LAST_SECOND - this.nowSeconds);
    const isForgotten =
      index < 0 ||
      (this.type === MessageType.discover && left < 0) ||
      !isOwner(leases, index, this);
    this.variables = isForgotten
      ? new Variables()
      : new Variables(undefined, () => leases.bindingsOf(index));
  }

  get changes(): readonly number[] {
    return this.#changes ?? noChanges;
  }

  /** Lines for the log beside those of the packet itself. */
  get notes(): readonly string[] {
    return this.#notes ?? noNotes;
  }

  addNote(line: string): void {
    this.#notes ??= [];
    this.#notes.push(line);
  }

  /** The lease's record goes to the store, as it is when the packet is decided. */
  record(index: number): void {
    this.#changes ??= [];
    this.#changes.push(index);
  }

  /** The policy at an address: subnet, pool, classes and host have their say. */
  policyAt(address: number, index: number, host: Host | undefined, isStatic: boolean): Policy {
    const { config, leases, policies } = this.parts;
    // Before anything is known of the lease: no class depends on it.
    const { members } = this;
    // An INFORM is about no lease.
    const isInform = this.type === MessageType.inform;
    this.leaseAddress = address === 0 || isInform ? undefined : address;
    this.isStatic = isStatic && !isInform;
    this.hostName = isInform ? undefined : host?.name;
    const scopes = scopesOf(config, {
      subnet: config.subnetOf(address),
      pool: index < 0 ? undefined : config.pools[leases.poolOf(index)],
      members,
      host,
    });
    return policies.policyFor(scopes, this, host !== undefined);
  }

  /**
   * What applies to a NAK, as in dhcpd: the first subnet and the first pool of the relay's network, or
   * of the one that the packet came in by; the top level where that is unknown. Classes have their say
   * in `echo-client-id`, and none in `server-identifier`.
   */
  policyOfNetwork(members: readonly ClientClassMember[]): Policy {
    const { config, policies } = this.parts;
    const network =
      this.packet.giaddr === 0 ? networkOfInterface(config, this.receivedOn) : this.network;
    const [subnet] = network?.subnets ?? [];
    const [pool] = network?.pools ?? [];
    return policies.policyFor(scopesOf(config, { subnet, pool, members }), this, false);
  }

  say(output: StatementOutput): void {
    if (output.messages.length > 0 || output.commands.length > 0) this.parts.output(output);
  }

  /** Under which identity leases are stored. */
  leaseClient(policy: Policy): LeaseClient {
    const { hardware, clientId } = this;
    if (clientId === undefined || policy.ignoreClientIds) return { hardware };
    return { hardware, clientId };
  }

  /**
   * A renewal by unicast does not pass the relay, so it lacks option 82: what the relay said when
   * the lease was made stands in (`stash-agent-options`).
   */
  #takeStashedRelayAgent(): void {
    const { packet } = this;
    if (packet.ciaddr === 0 || packet.giaddr !== 0) return;
    if (this.receivedRelayAgent !== undefined) return;
    const { leases } = this.parts;
    const index = leases.indexOf(packet.ciaddr);
    if (index < 0 || !isLive(leases, index, this.nowSeconds)) return;
    if (!isOwner(leases, index, this)) return;
    const stored = leases.agentOptionsOf(index);
    // A view of the table would change under the hands of whoever binds the lease again.
    if (stored.length > 0) this.relayAgent = stored.slice();
  }
}
