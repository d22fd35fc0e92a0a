import type { ClientMessage } from "../../../../server/dhcp/decide/engine.testing.ts";
import type { StartingLease } from "../contender.testing.ts";
import type { Reply } from "../reply-text.testing.ts";

/** One statement, or a block of them: what a shrinker can take away in one piece. */
export type ConfigNode = string | ConfigBlock;

export interface ConfigBlock {
  /** What stands before the brace; nothing: the items simply follow each other. */
  readonly head: string;
  readonly items: readonly ConfigNode[];
}

/** An address that only the server's earlier replies tell. */
export type Whose =
  /** Offered to the same device last. */
  | "offered"
  /** Acknowledged to the same device last. */
  | "own"
  /** Acknowledged to another device last. */
  | "others";

/** One packet of a device, or time that passes before it. */
export interface Move {
  /** Seconds that go by first. */
  readonly waitSeconds?: number;
  readonly message: ClientMessage & { readonly mac: string };
  /** Put into this field, unless no reply has told it: then the message goes as it stands. */
  readonly fill?: { readonly field: "requested" | "ciaddr"; readonly whose: Whose };
  /** Option 54 as the server's last OFFER to this device had it. */
  readonly namesServer?: boolean;
}

/** One dhcpd.conf, the leases at the start, and what devices send. */
export interface Pair {
  readonly seed: number;
  readonly configuration: readonly ConfigNode[];
  readonly leases: readonly StartingLease[];
  readonly moves: readonly Move[];
}

/** The text of a dhcpd.conf, indented. */
export function configText(nodes: readonly ConfigNode[], indent = ""): string {
  return nodes
    .map((node) => {
      if (typeof node === "string") return `${indent}${node}\n`;
      if (node.head === "") return configText(node.items, indent);
      const inner = configText(node.items, `${indent}  `);
      return `${indent}${node.head} {\n${inner}${indent}}\n`;
    })
    .join("");
}

/** A reply, and what it answers. */
export interface Answered {
  readonly reply: Reply;
  readonly message: ClientMessage;
}

/** The ACK of an INFORM gives no address. */
export function isBinding({ kind, packet }: Reply): boolean {
  return kind === "ack" && packet.yiaddr !== 0;
}

/** What a device sends to a server that has answered so. */
export function messageOf(move: Move, earlier: readonly Answered[], xid: number): ClientMessage {
  const { message, fill, namesServer } = move;
  const isMine = (answered: Answered): boolean => answered.message.mac === message.mac;
  const offer = earlier.findLast((one) => isMine(one) && one.reply.kind === "offer")?.reply;
  const isMeant = (one: Answered): boolean =>
    isBinding(one.reply) && isMine(one) === (fill?.whose === "own");
  const told = fill?.whose === "offered" ? offer : earlier.findLast(isMeant)?.reply;
  return {
    ...message,
    xid,
    ...(fill !== undefined && told !== undefined ? { [fill.field]: told.address } : {}),
    ...(namesServer === true && offer !== undefined ? { serverId: offer.serverId } : {}),
  };
}
