/** A class, as far as permits look at it. */
interface PermittedClass {
  /** Its place in order of declaration. */
  readonly index: number;
}

export type Permit =
  | { readonly kind: "known-clients" }
  | { readonly kind: "unknown-clients" }
  | { readonly kind: "members"; readonly clientClass: PermittedClass }
  | { readonly kind: "all-clients" }
  | { readonly kind: "authenticated-clients" }
  | { readonly kind: "unauthenticated-clients" }
  /** `after DATE`: from then on everybody. Seconds since 1970, UTC. */
  | { readonly kind: "after"; readonly afterSeconds: number }
  | { readonly kind: "dynamic-bootp-clients" };

/** The facts about a client that a pool's allow and deny lists look at. */
export interface PermitSubject {
  readonly known: boolean;
  readonly members: readonly { readonly clientClass: PermittedClass }[];
  /** A BOOTP client that would get a dynamic address. */
  readonly bootp?: boolean;
  /** For `after`; when undefined, no date has come yet. */
  readonly nowSeconds?: number;
  /** The result of `traitsOf`, for a caller that asks about many pools; computed when left out. */
  readonly traits?: number;
}

// A trait is a bit: of everybody, of the known, and so on, then one for each class.
const EVERYBODY = 1;
const KNOWN = 2;
const UNKNOWN = 4;
const BOOTP = 8;
const FIRST_CLASS = 16;
/** Classes with a bit of their own; members of the others are looked for. */
const CLASSES_MAX = 27;

/** The bits of a client that permits are compared with: never 0. */
export function traitsOf({ known, bootp, members }: PermitSubject): number {
  let traits = EVERYBODY | (known ? KNOWN : UNKNOWN) | (bootp === true ? BOOTP : 0);
  for (let index = 0; index < members.length; index += 1) {
    traits |= traitOf(members[index].clientClass);
  }
  return traits;
}

function traitOf({ index }: PermittedClass): number {
  return index < CLASSES_MAX ? FIRST_CLASS << index : 0;
}

/** The allow or the deny lines of a pool. */
export class PermitList {
  /** One of these traits is enough. */
  #traits = 0;
  /** The permits that are no trait. */
  readonly #others: Permit[] = [];

  get isEmpty(): boolean {
    return this.#traits === 0 && this.#others.length === 0;
  }

  add(permit: Permit): void {
    const trait = permittedTrait(permit);
    if (trait === 0) this.#others.push(permit);
    else this.#traits |= trait;
  }

  /** Whether some line applies to this client, whose traits these are. */
  matches(subject: PermitSubject, traits: number): boolean {
    if ((this.#traits & traits) !== 0) return true;
    for (let index = 0; index < this.#others.length; index += 1) {
      if (isAbout(this.#others[index], subject)) return true;
    }
    return false;
  }
}

/** 0 when it takes more than a look at the traits. */
function permittedTrait(permit: Permit): number {
  switch (permit.kind) {
    case "known-clients":
      return KNOWN;
    case "unknown-clients":
      return UNKNOWN;
    case "dynamic-bootp-clients":
      return BOOTP;
    case "members":
      return traitOf(permit.clientClass);
    case "unauthenticated-clients":
    case "all-clients":
      return EVERYBODY;
    case "authenticated-clients":
    case "after":
      return 0;
  }
}

function isAbout(permit: Permit, { members, nowSeconds }: PermitSubject): boolean {
  if (permit.kind === "members") {
    return members.some(({ clientClass }) => clientClass === permit.clientClass);
  }
  // Neither dhcpd nor this server speaks DHCP authentication (RFC 3118): no client is
  // authenticated.
  return permit.kind === "after" && nowSeconds !== undefined && nowSeconds > permit.afterSeconds;
}
