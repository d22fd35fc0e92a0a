import { MessageType } from "../../protocol/dhcp/message-type.ts";
import { OptionCode } from "../../protocol/dhcp/option-code.ts";
import type { DhcpPacket } from "../../protocol/dhcp/packet.ts";
import { classify, type EvaluationContext, scopesOf } from "../config/evaluate.ts";
import type { ClientClassMember, Host, ServerConfig, SharedNetwork } from "../config/model.ts";
import type { HardwareAddress, LeaseClient, LeaseRecord } from "../lease/lease.ts";
import type { LeaseTable } from "../lease/lease-table.ts";
import { isLive, isOwner } from "./client.ts";
import type { LeaseLimits } from "./lease-limits.ts";
import { locateNetwork } from "./network.ts";
import type { Arrival, LocalInterface } from "./outcome.ts";
import type { PendingOffers } from "./pending-offers.ts";
import type { Policy, PolicyCache } from "./policy.ts";
import type { WordOptions } from "./word-options.ts";

/** What every decision may use: the parts that one engine is made of. */
export interface EngineParts {
  readonly config: ServerConfig;
  readonly leases: LeaseTable;
  readonly limits: LeaseLimits;
  readonly policies: PolicyCache;
  readonly pending: PendingOffers;
  readonly words: WordOptions;
  readonly ports: { readonly server: number; readonly client: number };
  readonly logLines: boolean;
  readonly resolve: ((name: string) => readonly number[] | undefined) | undefined;
}

const noHosts: readonly Host[] = [];
const noChanges: readonly LeaseRecord[] = [];

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
  readonly raw: Uint8Array | undefined;
  readonly resolve: EngineParts["resolve"];
  /** Option 82 of an earlier packet, from the lease; such a one is never echoed. */
  relayAgent: Uint8Array | undefined;
  leaseAddress: number | undefined;
  isStatic = false;
  hostName: string | undefined;
  #members: ClientClassMember[] | undefined;
  #changes: LeaseRecord[] | undefined;

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
    if (type === MessageType.request) this.#takeStashedRelayAgent();
  }

  /** Has a host declaration, in any scope. */
  get known(): boolean {
    return this.hostsByClientId.length > 0 || this.hostsByHardware.length > 0;
  }

  /** The classes of the packet; evaluated once, when first asked for. */
  get members(): readonly ClientClassMember[] {
    this.#members ??= classify(this.parts.config, this);
    return this.#members;
  }

  get changes(): readonly LeaseRecord[] {
    return this.#changes ?? noChanges;
  }

  /** Queues the lease's record, as it is now, for the store. */
  record(index: number): void {
    this.#changes ??= [];
    this.#changes.push(this.parts.leases.recordOf(index));
  }

  /** The policy at an address: subnet, pool, classes and host have their say. */
  policyAt(address: number, index: number, host: Host | undefined, isStatic: boolean): Policy {
    const { config, leases, policies } = this.parts;
    this.leaseAddress = address === 0 ? undefined : address;
    this.isStatic = isStatic;
    this.hostName = host?.name;
    const scopes = scopesOf(config, {
      subnet: config.subnetOf(address),
      pool: index < 0 ? undefined : config.pools[leases.poolOf(index)],
      members: this.members,
      host,
    });
    return policies.policyFor(scopes, this, host !== undefined);
  }

  /** What applies to everybody on the packet's network, or everywhere when that is unknown. */
  policyOfNetwork(): Policy {
    const { config, policies } = this.parts;
    const scopes = this.network === undefined ? [config.root] : [config.root, this.network.scope];
    return policies.policyFor(scopes, this, false);
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
