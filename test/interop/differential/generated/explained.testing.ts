import { formatIpv4 } from "../../../../protocol/ipv4.ts";
import type { ClientMessage } from "../../../../server/dhcp/decide/engine.testing.ts";
import type { Reply } from "../reply-text.testing.ts";
import type { Encounter } from "./duel.testing.ts";
import { type Answered, isBinding } from "./pair.testing.ts";

/** Why a difference that was met is meant. */
export interface Explanation {
  /** In the table of differences that are meant. */
  readonly name: string;
  /** The two servers are in different states afterwards. */
  readonly divides: boolean;
}

interface Rule extends Explanation {
  readonly applies: (encounter: Encounter) => boolean;
}

const rules: readonly Rule[] = [
  {
    name: "ciaddr of an OFFER",
    divides: false,
    applies: (encounter) =>
      encounter.theirs?.kind === "offer" && differsOnlyIn(encounter, /^ciaddr /),
  },
  {
    name: "the server's own source address",
    divides: false,
    applies: (encounter) =>
      encounter.theirs !== undefined &&
      isNamedServer(encounter) &&
      differsOnlyIn(encounter, /^from /),
  },
  {
    name: "an offer is held",
    divides: true,
    applies: ({ message, theirs, ours, heard }) => {
      if (theirs?.packet.yiaddr === ours?.packet.yiaddr) return false;
      const given = theirs === undefined || theirs.packet.yiaddr === 0 ? undefined : theirs.address;
      const refused = ours?.kind === "nak" ? (message.requested ?? message.ciaddr) : undefined;
      const holder = heard.ours.findLast(({ reply }) => reply.address === (given ?? refused));
      return holder?.reply.kind === "offer" && !isSameClient(holder.message, message);
    },
  },
  {
    name: "a second lease of a client identifier",
    divides: true,
    applies: ({ message, theirs, ours, heard, configuration }) => {
      if (ours === undefined || ours.packet.yiaddr === 0) return false;
      const bound = heard.theirs.filter(({ reply }) => isBinding(reply));
      const isElsewhere = (of: Answered | undefined, later: readonly Answered[]): boolean =>
        later.some(
          ({ reply, message: { clientId } }) =>
            clientId !== undefined &&
            clientId === of?.message.clientId &&
            reply.address !== ours.address,
        );
      if (theirs?.kind === "nak") {
        const at = bound.findLastIndex(({ reply }) => reply.address === ours.address);
        return isElsewhere(bound[at], bound.slice(at + 1));
      }
      const isFull = theirs === undefined && configuration.includes("lease limit ");
      return isFull && isElsewhere({ reply: ours, message }, bound);
    },
  },
  {
    name: "a name ends at its first NUL",
    divides: false,
    applies: (encounter) =>
      differsOnlyIn(encounter, /^bytes /) &&
      withoutNames(encounter.theirs) === withoutNames(encounter.ours),
  },
  {
    name: "another option 82 within the threshold",
    divides: true,
    applies: (encounter) =>
      encounter.message.relayAgent !== undefined &&
      encounter.theirs?.leaseSeconds !== undefined &&
      differsOnlyIn(encounter, /^option 51: /),
  },
  {
    name: "an OFFER does not change a lease",
    divides: true,
    applies: (encounter) => {
      const { theirs, ours, heard, configuration } = encounter;
      if (differsOnlyIn(encounter, /^option 51: /)) {
        return isOfferedAnew(heard.theirs, theirs?.address);
      }
      // An OFFER counts a lease for another class, or for none.
      const isFull = ours === undefined && configuration.includes("lease limit ");
      const bound = heard.theirs.filter(({ reply }) => isBinding(reply));
      return isFull && bound.some(({ reply }) => isOfferedAnew(heard.theirs, reply.address));
    },
  },
  {
    name: "any of its fixed addresses",
    divides: true,
    applies: ({ theirs, ours, configuration }) =>
      theirs?.kind === "nak" &&
      ours !== undefined &&
      new RegExp(`fixed-address [^;]*, ${ours.address}[,;]`).test(configuration),
  },
  {
    name: "the words of a NAK",
    divides: false,
    applies: (encounter) =>
      encounter.theirs?.kind === "nak" && differsOnlyIn(encounter, /^option 56: /),
  },
  {
    name: "a host's client identifier",
    divides: false,
    applies: (encounter) =>
      encounter.configuration.includes("  option dhcp-client-identifier ") &&
      encounter.ourLines.every((line) => /^from /.test(line)) &&
      differsOnlyIn(encounter, /^(from|option 61: )/),
  },
  {
    name: "an OFFER does not change a lease",
    divides: true,
    applies: ({ message, theirs, ours, heard, leases }) => {
      if (theirs?.kind !== "offer" || ours === undefined || theirs.address === ours.address)
        return false;
      const ofIt = heard.theirs.filter(({ reply }) => reply.address === theirs.address);
      const owner =
        ofIt.findLast(({ reply }) => isBinding(reply))?.message ??
        leases.find(({ address }) => address === theirs.address);
      return (
        owner !== undefined &&
        !isSameClient(owner, message) &&
        ofIt.some(
          ({ reply, message: asked }) => reply.kind === "offer" && isSameClient(asked, message),
        )
      );
    },
  },
  {
    name: "which address is offered",
    divides: true,
    applies: (encounter) => {
      const { theirs, ours, configuration } = encounter;
      const offers = [theirs, ours].filter((reply) => reply?.kind === "offer");
      if (offers.length === 0 || theirs?.address === ours?.address) return false;
      // What another pool or class would say may be no.
      const maySilence = /lease limit|min-secs|unknown-clients|booting/.test(configuration);
      return (offers.length === 2 || maySilence) && isAnyRight(encounter);
    },
  },
];

/** The address was offered again, to whomever, since it was acknowledged, or never acknowledged. */
export function isOfferedAnew(heard: readonly Answered[], address: string | undefined): boolean {
  return heard.findLast(({ reply }) => reply.address === address)?.reply.kind === "offer";
}

/** sname and file of the header. */
const nameFields = { from: 44, to: 236 } as const;

/** Undefined when the replies are the same, or differ for no known reason. */
export function explanationOf(encounter: Encounter): Explanation | undefined {
  if (encounter.theirLines.length + encounter.ourLines.length === 0) return undefined;
  return rules.find(({ applies }) => applies(encounter));
}

function differsOnlyIn({ theirLines, ourLines }: Encounter, lines: RegExp): boolean {
  return [...theirLines, ...ourLines].every((line) => lines.test(line));
}

function isNamedServer({ configuration, theirs }: Encounter): boolean {
  return configuration.includes(`server-identifier ${formatIpv4(theirs!.frame.source)};`);
}

function isSameClient(
  one: Pick<ClientMessage, "mac" | "clientId">,
  other: Pick<ClientMessage, "mac" | "clientId">,
): boolean {
  return one.clientId === undefined && other.clientId === undefined
    ? one.mac === other.mac
    : one.clientId === other.clientId;
}

/**
 * Several addresses would be right: the client has none of its own, or more than one. Whose an address
 * is may be seen by client identifier, or by either identity.
 */
function isAnyRight({ message, theirs, ours, heard, leases }: Encounter): boolean {
  const offers = [theirs, ours].filter((reply) => reply !== undefined);
  const networks = new Set(offers.map(({ address }) => networkOf(address)));
  type Client = Pick<ClientMessage, "mac" | "clientId">;
  const isAlike = (one: Client): boolean =>
    one.mac === message.mac || (one.clientId !== undefined && one.clientId === message.clientId);
  return [isAlike, (one: Client) => isSameClient(one, message)].some((isMine) => {
    const told = ({ reply, message: asked }: Answered): string[] =>
      isMine(asked) && reply.packet.yiaddr !== 0 ? [reply.address] : [];
    const addresses = [
      ...leases.filter(isMine).map(({ address }) => address),
      ...[...heard.theirs, ...heard.ours].flatMap(told),
    ];
    const near = new Set(addresses.filter((address) => networks.has(networkOf(address))));
    return near.size !== 1 || !offers.some(({ address }) => near.has(address));
  });
}

function networkOf(address: string): string {
  return address.slice(0, address.lastIndexOf("."));
}

function withoutNames(reply: Reply | undefined): string {
  const bytes = Buffer.from(reply?.frame.payload ?? []);
  return bytes.fill(0, nameFields.from, nameFields.to).toString("hex");
}
