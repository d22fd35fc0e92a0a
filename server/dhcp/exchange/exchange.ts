import { MessageType } from "../../../protocol/dhcp/message-type.ts";
import { OptionCode } from "../../../protocol/dhcp/option-code.ts";
import type { DhcpPacket } from "../../../protocol/dhcp/packet.ts";
import { Variables } from "../../config/language/variables.ts";
import {
  classify,
  type EvaluationContext,
  type ScopeSources,
} from "../../config/model/evaluate.ts";
import type { ClientClassMember, Host, SharedNetwork } from "../../config/model/model.ts";
import { traitsOf } from "../../config/model/permit-list.ts";
import type { LeaseClient } from "../../lease/lease.ts";
import type { Policy } from "../policy/policy.ts";
import type { StatementOutput } from "../policy/statement-output.ts";
import { isLive, isOwner } from "./client.ts";
import type { EngineParts } from "./engine-parts.ts";
import { locateNetwork, networkOfInterface } from "./network.ts";
import { type Arrival, type LocalInterface, noChanges } from "./outcome.ts";

const noHosts: readonly Host[] = [];
const noBytes: Uint8Array = new Uint8Array(0);
/** dhcpd's end of time: what it counts down to in a lease without end. */
const LAST_SECOND = 0x7fff_ffff;
const noNotes: readonly string[] = [];

/** Of whom `variables` are while they are not those of a lease. */
const OF_THE_PACKET = -2;
const OF_NOBODY = -1;

/**
 * One packet and what has been found out about its sender. The engine has one exchange, which `begin`
 * turns to packet after packet: nothing that outlives a decision may hold on to it.
 */
export class Exchange implements EvaluationContext {
  readonly parts: EngineParts;
  readonly resolve: EngineParts["resolve"];
  /** The same object for every packet. */
  readonly hardware = { type: 0, address: noBytes };
  arrival!: Arrival;
  packet!: DhcpPacket;
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
  hostsByClientId: readonly Host[] = noHosts;
  hostsByHardware: readonly Host[] = noHosts;
  hostsByOption: readonly Host[] = noHosts;
  raw: Uint8Array | undefined;
  /** Option 82 of an earlier packet, from the lease; such a one is never echoed. */
  relayAgent: Uint8Array | undefined;
  leaseAddress: number | undefined;
  isStatic = false;
  /** A value was worked out from the time that the lease has left. */
  isLeaseTimeUsed = false;
  #host: Host | undefined;
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
    this.resolve = parts.resolve;
  }

  /** Forgets the packet before. */
  begin(
    arrival: Arrival,
    type: number,
    nowSeconds: number,
    nowMs: number,
    receivedOn: LocalInterface | undefined,
  ): void {
    const { packet } = arrival;
    const { config } = this.parts;
    const { hardware } = this;
    this.arrival = arrival;
    this.packet = packet;
    this.type = type;
    this.nowSeconds = nowSeconds;
    this.nowMs = nowMs;
    this.receivedOn = receivedOn;
    this.raw = arrival.raw ?? packet.bytes;
    this.relayAgent = undefined;
    this.leaseAddress = undefined;
    this.isStatic = false;
    this.isLeaseTimeUsed = false;
    this.#host = undefined;
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
    // A look-up makes a view each time, so what is needed again and again is looked up once.
    this.receivedRelayAgent = packet.options.get(OptionCode.relayAgentInformation);
    const clientId = packet.options.get(OptionCode.clientIdentifier);
    this.clientId = clientId?.length === 0 ? undefined : clientId;
    this.wanted = packet.options.getUInt32(OptionCode.requestedAddress) ?? packet.ciaddr;
    this.network = locateNetwork(config, packet, this.receivedRelayAgent, receivedOn, type);
    this.hostsByClientId = this.clientId ? config.hosts.byClientId(this.clientId) : noHosts;
    this.hostsByHardware = config.hosts.byHardware(hardware.type, hardware.address);
    // An identifier may be looked for in what the packet is known to be so far.
    this.hostsByOption = noHosts;
    if (config.hosts.hasIdentifiers) this.hostsByOption = config.hosts.byOption(this);
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

  /** What the permits of pools look at. */
  get traits(): number {
    if (this.#traits === 0) this.#traits = traitsOf(this);
    return this.#traits;
  }

  /** False while the classes are still being matched. */
  get isClassified(): boolean {
    return !this.#isClassifying && this.members.length > 0;
  }

  get serverHostName(): string | undefined {
    return this.parts.serverHostName;
  }

  /** Of the host declaration that the lease is given by. */
  get hostName(): string | undefined {
    return this.#host?.name;
  }

  /** For a BOOTP client's fixed address dhcpd has them see those of the lease. */
  get optionVariables(): Variables {
    if (this.bootp && this.isStatic) return this.variables;
    this.#optionVariables ??= new Variables(this.parts.config.matching.variables);
    return this.#optionVariables;
  }

  /** Those of the lease that it is about; without one, they are forgotten with the packet. */
  get variables(): Variables {
    this.#variables ??= this.#makeVariables();
    return this.#variables;
  }

  set variables(variables: Variables) {
    this.#variables = variables;
  }

  /** Somebody looked at one of `variables`, or set one. */
  get areVariablesUsed(): boolean {
    return this.#variables?.isUsed ?? false;
  }

  /** How often one of `variables` got another value. */
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
    this.#variables = undefined;
    this.#variablesOf = isForgotten ? OF_NOBODY : index;
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
    if (this.#changes === undefined) this.#changes = [index];
    else this.#changes.push(index);
  }

  /** The policy at an address: subnet, pool, classes and host have their say. */
  policyAt(address: number, index: number, host: Host | undefined, isStatic: boolean): Policy {
    return this.parts.policies.policyFor(this.#placeAt(address, index, host, isStatic), this);
  }

  /** `min-secs` at an address for a client without host. */
  minSecondsAt(address: number, index: number, isStatic: boolean): number {
    const place = this.#placeAt(address, index, undefined, isStatic);
    return this.parts.policies.minSecondsFor(place, this);
  }

  #placeAt(
    address: number,
    index: number,
    host: Host | undefined,
    isStatic: boolean,
  ): ScopeSources {
    const { config, leases } = this.parts;
    // Before anything is known of the lease: no class depends on it.
    const { members } = this;
    // An INFORM is about no lease.
    const isInform = this.type === MessageType.inform;
    this.leaseAddress = address === 0 || isInform ? undefined : address;
    this.isStatic = isStatic && !isInform;
    this.#host = isInform ? undefined : host;
    return {
      subnet: config.subnetOf(address),
      pool: index < 0 ? undefined : config.pools[leases.poolOf(index)],
      members,
      host,
    };
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
    return policies.policyFor({ subnet, pool, members }, this);
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
