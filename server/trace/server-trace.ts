import type { UdpSocket } from "../../base/net/udp-socket.ts";
import type { DhcpEngineApi } from "../dhcp/decide/engine.ts";
import type { LinkSender, ReplySender } from "../dhcp/loop/reply-sender.ts";
import type { LeaseStore } from "../lease/store/lease-store.ts";
import type { ServedSetup } from "./trace-format.ts";

export type Resolve = (name: string) => readonly number[] | undefined;
export type NameOf = (address: number) => string | undefined;

/** Sends raw frames, and sends replies: the parts of their classes that a trace wraps. */
export type FrameSender = Pick<LinkSender, "send">;
export type Replies = Pick<ReplySender, "send" | "flush">;

/**
 * Wraps the loop's parts and records what passes between them. Each wrapper returns a part that behaves
 * like the given one. `begin` is called first, then the wrappers in any order, then `setUp` and `end`.
 */
export interface ServerTrace {
  /** The lease file is locked, and unchanged by this start. Throws StartError. */
  begin(leaseFile: string): void;
  socket(socket: UdpSocket): UdpSocket;
  links(links: FrameSender): FrameSender;
  store(store: LeaseStore): LeaseStore;
  engine(engine: DhcpEngineApi): DhcpEngineApi;
  sender(sender: Replies): Replies;
  resolve(resolve: Resolve): Resolve;
  nameOf(nameOf: NameOf): NameOf;
  /** All parts are ready and service begins. Throws StartError. */
  setUp(setup: ServedSetup): void;
  /** The last call. */
  end(): void;
}

const unchanged = <Part>(part: Part): Part => part;
const nothing = (): void => undefined;

/** Records nothing. */
export const untraced: ServerTrace = {
  begin: nothing,
  socket: unchanged,
  links: unchanged,
  store: unchanged,
  engine: unchanged,
  sender: unchanged,
  resolve: unchanged,
  nameOf: unchanged,
  setUp: nothing,
  end: nothing,
};
