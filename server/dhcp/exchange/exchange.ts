import { MessageType } from "../../../protocol/dhcp/message-type.ts";
import { OptionCode } from "../../../protocol/dhcp/option-code.ts";
import type { DhcpPacket } from "../../../protocol/dhcp/packet.ts";
import { Variables } from "../../config/language/variables.ts";
import {
  classify,
  type EvaluationContext,
  type ScopeSources,
} from "../../config/model/evaluate.ts";
import type { ClientClassMember, SharedNetwork } from "../../config/model/model.ts";
import { traitsOf } from "../../config/model/permit-list.ts";
import type { LeaseClient } from "../../lease/lease.ts";
import type { Policy } from "../policy/policy.ts";
import type { StatementOutput } from "../policy/statement-output.ts";
import { isLive, isOwner } from "./client.ts";
import { type DeclaredHosts, noHosts } from "./declared-hosts.ts";
import type { EngineParts } from "./engine-parts.ts";
import { locateNetwork } from "./network.ts";
import { type Arrival, type LocalInterface, noChanges } from "./outcome.ts";
import { leaseIndexOf, type Place } from "./place.ts";

const noBytes: Uint8Array = new Uint8Array(0);
/** dhcpd's end of time: what it counts down to in a lease without end. */
const LAST_SECOND = 0x7fff_ffff;
const noNotes: readonly string[] = [];

/** Owner of `variables` when they are not a lease's. */
const OF_THE_PACKET = -2;
const OF_NOBODY = -1;

/**
 * One packet and what is known about its sender. The engine has one exchange, and `begin` turns it to
 * the next packet: nothing that outlives a decision may refer to it.
 */
export class Exchange implements EvaluationContext {
  readonly parts: EngineParts;
  /** The same two objects for every packet. */
  readonly hardware = { type: 0, address: noBytes };
  readonly hosts: DeclaredHosts = { byClientId: noHosts, byHardware: noHosts, byOption: noHosts };
  arrival!: Arrival;
  /** The DHCP message type; 0 for BOOTP. */
  type = 0;
  nowSeconds = 0;
  nowMs = 0;
  receivedOn: LocalInterface | undefined;
  /** Option 61; undefined when there is none, or an empty one. */
  clientId: Uint8Array | undefined;
  /** Option 82 as received. */
  receivedRelayAgent: Uint8Array | undefined;
  /** Requested address (option 50), else ciaddr; 0 when there is neither. */
  wanted = 0;
  network: SharedNetwork | undefined;
  /** Option 82 of an earlier packet, from the lease; it is never echoed. */
  relayAgent: Uint8Array | undefined;
  /** Index of the free lease that this decision offers or binds; -1: none. */
  taken = -1;
  /** A statement or option depends on the time that the lease has left. */
  isLeaseTimeUsed = false;
  /** What `policyAt` looked at last; an INFORM has none. */
  #place: Place | undefined;
  #leaseSeconds: number | undefined;
  #isClassifying = false;
  #members: readonly ClientClassMember[] | undefined;
  /** 0 until they are asked for. */
  #traits = 0;
  #changes: number[] | undefined;
  #notes: string[] | undefined;
  // Made when first looked at: most packets have no use for any.
  #optionVariables: Variables | undefined;
  #variables: Variables | undefined;
  /** The index of a lease, or one of the two constants. */
  #variablesOf = OF_THE_PACKET;

  constructor(parts: EngineParts) {
    this.parts = parts;
  }

  /** Forgets the previous packet. */
  begin(
    arrival: Arrival,
    type: number,
    nowSeconds: number,
    nowMs: number,
    receivedOn: LocalInterface | undefined,
  ): void {
    const { packet } = arrival;
    const { config } = this.parts;
    const { hardware, hosts } = this;
    this.arrival = arrival;
    this.type = type;
    this.nowSeconds = nowSeconds;
    this.nowMs = nowMs;
    this.receivedOn = receivedOn;
    this.relayAgent = undefined;
    this.taken = -1;
    this.isLeaseTimeUsed = false;
    this.#place = undefined;
    this.#leaseSeconds = undefined;
    this.#isClassifying = false;
    this.#members = undefined;
    this.#traits = 0;
    this.#changes = undefined;
    this.#notes = undefined;
    this.#optionVariables = undefined;
    this.#variables = undefined;
    this.#variablesOf = OF_THE_PACKET;
    hardware.type = packet.htype;
    hardware.address = packet.chaddr;
    // Each look-up allocates a view, so options that are needed often are looked up once.
    this.receivedRelayAgent = packet.options.get(OptionCode.relayAgentInformation);
    const clientId = packet.options.get(OptionCode.clientIdentifier);
    this.clientId = clientId?.length === 0 ? undefined : clientId;
    this.wanted = packet.options.getUInt32(OptionCode.requestedAddress) ?? packet.ciaddr;
    this.network = locateNetwork(config, packet, this.receivedRelayAgent, receivedOn, type);
    hosts.byClientId = this.clientId ? config.hosts.byClientId(this.clientId) : noHosts;
    hosts.byHardware = config.hosts.byHardware(hardware.type, hardware.address);
    // A `host-identifier` is evaluated on this exchange, so it comes last.
    hosts.byOption = noHosts;
    if (config.hosts.hasIdentifiers) hosts.byOption = config.hosts.byOption(this);
    if (type === MessageType.request) this.#takeStashedRelayAgent();
  }

  get packet(): DhcpPacket {
    return this.arrival.packet;
  }

  get raw(): Uint8Array | undefined {
    return this.arrival.raw ?? this.packet.bytes;
  }

  /** Has a host declaration, in any scope. */
  get known(): boolean {
    // dhcpd classifies a packet before it looks for its host, and never looks for the host of an INFORM.
    if (this.#isClassifying || this.type === MessageType.inform) return false;
    const { byClientId, byHardware, byOption } = this.hosts;
    return byClientId.length > 0 || byHardware.length > 0 || byOption.length > 0;
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

  /** For the permits of pools; see `traitsOf`. */
  get traits(): number {
    if (this.#traits === 0) this.#traits = traitsOf(this);
    return this.#traits;
  }

  /** False while the classes are still being matched. */
  get isClassified(): boolean {
    return !this.#isClassifying && this.members.length > 0;
  }

  get resolve(): EngineParts["resolve"] {
    return this.parts.resolve;
  }

  get serverHostName(): string | undefined {
    return this.parts.serverHostName;
  }

  get leaseAddress(): number | undefined {
    return this.#place?.address || undefined;
  }

  get isStatic(): boolean {
    return this.#place?.isStatic ?? false;
  }

  get hostName(): string | undefined {
    return this.#place?.host?.name;
  }

  /** With a BOOTP client's fixed address, dhcpd lets option values see the variables of the lease. */
  get optionVariables(): Variables {
    if (this.bootp && this.isStatic) return this.variables;
    this.#optionVariables ??= new Variables(this.parts.config.matching.variables);
    return this.#optionVariables;
  }

  /** The variables of the lease; without a lease, they last as long as the packet. */
  get variables(): Variables {
    this.#variables ??= this.#makeVariables();
    return this.#variables;
  }

  set variables(variables: Variables) {
    this.#variables = variables;
  }

  /** A statement has read or set one of `variables`. */
  get areVariablesUsed(): boolean {
    return this.#variables?.isUsed ?? false;
  }

  /** How often the value of one of `variables` changed. */
  get variableChanges(): number {
    return this.#variables?.changes ?? 0;
  }

  #makeVariables(): Variables {
    const index = this.#variablesOf;
    if (index === OF_THE_PACKET) return this.optionVariables;
    if (index === OF_NOBODY) return new Variables();
    const { leases } = this.parts;
    return new Variables(undefined, () => leases.bindingsOf(index));
  }

  /** The time that the lease has left; undefined without a lease, and when it is over. */
  get leaseSeconds(): number | undefined {
    this.isLeaseTimeUsed = true;
    return this.#leaseSeconds;
  }

  set leaseSeconds(seconds: number | undefined) {
    this.#leaseSeconds = seconds;
  }

  /**
   * From now on expressions see the variables and the end of the lease at this index; -1 is no lease.
   * They do not see another client's variables, nor, for a DISCOVER, those of a lease that is over.
   */
  turnTo(index: number): void {
    const { leases } = this.parts;
    const left = index < 0 ? -1 : leases.endsAt(index) - this.nowSeconds;
    this.#leaseSeconds = left < 0 ? undefined : Math.min(left, LAST_SECOND - this.nowSeconds);
    const isForgotten =
      index < 0 ||
      (this.type === MessageType.discover && left < 0) ||
      !isOwner(leases, index, this);
    this.#variables = undefined;
    this.#variablesOf = isForgotten ? OF_NOBODY : index;
  }

  get changes(): readonly number[] {
    return this.#changes ?? noChanges;
  }

  /** Lines for the log, before the packet's own. */
  get notes(): readonly string[] {
    return this.#notes ?? noNotes;
  }

  addNote(line: string): void {
    this.#notes ??= [];
    this.#notes.push(line);
  }

  /**
   * The lease's record goes to the store once the packet is decided. Called before the change, so that it is known when
   * the decision breaks in the middle.
   */
  record(index: number): void {
    if (this.#changes === undefined) this.#changes = [index];
    else this.#changes.push(index);
  }

  /** What subnet, pool, classes and host say about this place. */
  policyAt(place: Place): Policy {
    return this.parts.policies.policyFor(this.#sourcesAt(place), this);
  }

  /** `min-secs` at this place. */
  minSecondsAt(place: Place): number {
    return this.parts.policies.minSecondsFor(this.#sourcesAt(place), this);
  }

  #sourcesAt(place: Place): ScopeSources {
    const { config, leases } = this.parts;
    // Classes do not depend on the lease: they are evaluated before the place is set.
    const { members } = this;
    this.#place = this.type === MessageType.inform ? undefined : place;
    const index = leaseIndexOf(place);
    return {
      subnet: config.subnetOf(place.address),
      pool: index < 0 ? undefined : config.pools[leases.poolOf(index)],
      members,
      host: place.host,
    };
  }

  say(output: StatementOutput): void {
    if (output.messages.length > 0 || output.commands.length > 0) this.parts.output(output);
  }

  /** The identity that leases are stored under. */
  leaseClient(policy: Policy): LeaseClient {
    const { hardware, clientId } = this;
    if (clientId === undefined || policy.ignoreClientIds) return { hardware };
    return { hardware, clientId };
  }

  /**
   * A renewal by unicast does not pass the relay and lacks option 82, so the one that the lease was
   * made with is used (`stash-agent-options`).
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
    // A copy: binding the lease again changes the bytes of a view.
    if (stored.length > 0) this.relayAgent = stored.slice();
  }
}
