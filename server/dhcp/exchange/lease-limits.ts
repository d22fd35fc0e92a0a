import type { ClientClassMember, ServerConfig } from "../../config/model/model.ts";
import type { LeaseBilling } from "../../lease/lease.ts";
import type { LeaseTable } from "../../lease/table/lease-table.ts";

/** The class that a lease would count to, or that all classes it could count to are full. */
export type BillingDecision =
  | { readonly kind: "none" }
  | { readonly kind: "billed"; readonly member: ClientClassMember }
  | { readonly kind: "full"; readonly className: string };

export const notBilled: BillingDecision = { kind: "none" };

/**
 * Active leases by the class that they count to (`lease limit N`): by subclass where the class has
 * a match value, spawned ones included, else by class.
 */
export class LeaseLimits {
  readonly #accountOf = new Map<number, string>();
  readonly #active = new Map<string, number>();

  readonly #classes: ServerConfig["classes"];

  constructor({ classes }: Pick<ServerConfig, "classes">, leases: LeaseTable) {
    this.#classes = classes;
    this.recount(leases);
  }

  /** Counts the leases of the table anew. */
  recount(leases: LeaseTable): void {
    this.#accountOf.clear();
    this.#active.clear();
    for (let index = 0; index < leases.size; index += 1) this.#count(index, leases);
  }

  /** Counts one lease anew, as the table has it. */
  recountOne(index: number, leases: LeaseTable): void {
    this.unbill(index);
    this.#count(index, leases);
  }

  #count(index: number, leases: LeaseTable): void {
    const billing = leases.isActive(index) ? leases.billingOf(index) : undefined;
    const found = billing === undefined ? undefined : this.#classes.byName(billing.className);
    if (found !== undefined) this.#add(index, accountOf(found.name, billing?.hash));
  }

  /** The first class with room takes the lease; the one that it already counts to always has. */
  decide(index: number, members: readonly ClientClassMember[]): BillingDecision {
    let full: string | undefined;
    const current = this.#accountOf.size === 0 ? undefined : this.#accountOf.get(index);
    for (const member of members) {
      if (member.leaseLimit === undefined) continue;
      const account = accountOf(member.clientClass.name, member.key);
      if (account === current || (this.#active.get(account) ?? 0) < member.leaseLimit) {
        return { kind: "billed", member };
      }
      full = member.clientClass.name;
    }
    return full === undefined ? notBilled : { kind: "full", className: full };
  }

  /** Counts the lease where `decide` said, and nowhere else. */
  bill(index: number, decision: BillingDecision): LeaseBilling | undefined {
    if (decision.kind !== "billed") {
      this.unbill(index);
      return undefined;
    }
    const { clientClass, key } = decision.member;
    const account = accountOf(clientClass.name, key);
    if (this.#accountOf.get(index) !== account) {
      this.unbill(index);
      this.#add(index, account);
    }
    return key === undefined
      ? { className: clientClass.name }
      : { className: clientClass.name, hash: key };
  }

  /** The lease is no longer active. */
  unbill(index: number): void {
    if (this.#accountOf.size === 0) return;
    const account = this.#accountOf.get(index);
    if (account === undefined) return;
    this.#accountOf.delete(index);
    const left = (this.#active.get(account) ?? 0) - 1;
    if (left > 0) this.#active.set(account, left);
    else this.#active.delete(account);
  }

  #add(index: number, account: string): void {
    this.#accountOf.set(index, account);
    this.#active.set(account, (this.#active.get(account) ?? 0) + 1);
  }
}

/** Class names cannot contain NUL, so no subclass can be taken for another class. */
function accountOf(className: string, hash: Uint8Array | undefined): string {
  if (hash === undefined) return className;
  let account = `${className}\0`;
  for (const byte of hash) account += String.fromCharCode(byte);
  return account;
}
