import { type Ipv4Network, parseIpv4 } from "../../protocol/ipv4.ts";
import { ip } from "./ip-command.ts";
import { labName } from "./leftovers.ts";

/** The block that devices' networks are cut from in namespaces, unless the scenario has its own. */
export const namespaceBlock: Ipv4Network = {
  network: parseIpv4("10.64.0.0")!,
  prefixLength: 10,
};

/** Network namespaces of this process, by short names. Nothing leads out of them. */
export interface Namespaces<Name extends string> {
  /** Runs `ip` with these words in a namespace. Throws LabError. */
  readonly inside: (space: Name, ...words: readonly string[]) => void;
  /** Two interfaces joined by a cable, each in its namespace. */
  readonly plug: (one: Interface<Name>, other: Interface<Name>) => void;
  /** Gives an interface an address, as `192.0.2.1/24`, and switches it on. */
  readonly address: (at: Interface<Name>, text: string) => void;
  /** The command line that runs a program in a namespace. */
  readonly command: (space: Name, command: readonly string[]) => readonly string[];
  readonly fileOf: (space: Name) => string;
  /** Removes them; idempotent, and synchronous so that an exit handler can do it. */
  readonly close: () => void;
}

export type Interface<Name extends string> = readonly [space: Name, device: string];

/**
 * Makes the namespaces, with loopback on, and lets `build` connect them. Throws the system's or `build`'s error
 * and leaves nothing behind.
 */
export function makeNamespaces<Name extends string>(
  names: readonly Name[],
  build: (spaces: Namespaces<Name>) => void,
): Namespaces<Name> {
  const made: string[] = [];
  const inside = (space: Name, ...words: readonly string[]): void =>
    ip("-n", labName(space), ...words);
  const spaces: Namespaces<Name> = {
    inside,
    plug: ([space, device], [farSpace, farDevice]) => {
      const far = ["peer", "name", farDevice, "netns", labName(farSpace)];
      inside(space, "link", "add", "name", device, "type", "veth", ...far);
    },
    address: ([space, device], text) => {
      inside(space, "address", "add", text, "dev", device);
      inside(space, "link", "set", "dev", device, "up");
    },
    command: (space, command) => ["ip", "netns", "exec", labName(space), ...command],
    fileOf: (space) => `/run/netns/${labName(space)}`,
    close: () => {
      for (const name of made.splice(0)) ip("netns", "delete", name);
    },
  };
  try {
    for (const space of names) {
      ip("netns", "add", labName(space));
      made.push(labName(space));
      inside(space, "link", "set", "dev", "lo", "up");
    }
    build(spaces);
    return spaces;
  } catch (error) {
    spaces.close();
    throw error;
  }
}
