import { ByteKeyTable } from "./byte-key-table.ts";
import { latin1Bytes, latin1Text } from "./latin1.ts";
import type { Host, HostTable, Scope } from "./model.ts";

const NONE = -1;

/** A host as the parser hands it over. */
export interface HostDeclaration {
  readonly name: string;
  readonly hardware: { readonly type: number; readonly address: Uint8Array } | undefined;
  readonly clientId: Uint8Array | undefined;
  readonly fixedAddresses: readonly number[];
  readonly scope: Scope;
  readonly group: Scope | undefined;
}

const noHosts: readonly Host[] = [];
const noAddresses: readonly number[] = [];

/** All hosts, column by column: about 100 bytes a host with nothing but a hardware address. */
export class CompactHostTable implements HostTable {
  readonly #names = new ByteKeyTable();
  readonly #hardware = new ByteKeyTable();
  readonly #clientIds = new ByteKeyTable();
  /** Entries of the host in #hardware and #clientIds. */
  readonly #hardwareEntries: number[] = [];
  readonly #clientIdEntries: number[] = [];
  readonly #scopes: Scope[] = [];
  /** Only of hosts that have any. */
  readonly #groups = new Map<number, Scope>();
  readonly #fixedAddresses = new Map<number, readonly number[]>();

  get count(): number {
    return this.#scopes.length;
  }

  /** Adds a host whose name is new; see hasName. */
  add(host: HostDeclaration): void {
    const index = this.#scopes.length;
    const { hardware, clientId, fixedAddresses, group } = host;
    this.#names.add(0, latin1Bytes(host.name), index);
    this.#scopes.push(host.scope);
    this.#hardwareEntries.push(
      hardware === undefined ? NONE : this.#hardware.add(hardware.type, hardware.address, index),
    );
    this.#clientIdEntries.push(
      clientId === undefined ? NONE : this.#clientIds.add(0, clientId, index),
    );
    if (group !== undefined) this.#groups.set(index, group);
    if (fixedAddresses.length > 0) this.#fixedAddresses.set(index, fixedAddresses);
  }

  hasName(name: string): boolean {
    return this.#names.find(0, latin1Bytes(name)) !== NONE;
  }

  byHardware(hardwareType: number, address: Uint8Array): readonly Host[] {
    return this.#hostsOf(this.#hardware, this.#hardware.find(hardwareType, address));
  }

  byClientId(clientId: Uint8Array): readonly Host[] {
    return this.#hostsOf(this.#clientIds, this.#clientIds.find(0, clientId));
  }

  byName(name: string): Host | undefined {
    const entry = this.#names.find(0, latin1Bytes(name));
    return entry === NONE ? undefined : new HostView(this, this.#names.valueOf(entry));
  }

  #hostsOf(table: ByteKeyTable, first: number): readonly Host[] {
    if (first === NONE) return noHosts;
    const hosts: Host[] = [];
    for (let entry = first; entry !== NONE; entry = table.after(entry)) {
      hosts.push(new HostView(this, table.valueOf(entry)));
    }
    return hosts;
  }

  nameOf(index: number): string {
    return latin1Text(this.#names.keyOf(index));
  }

  hardwareOf(index: number): Host["hardware"] {
    const entry = this.#hardwareEntries[index];
    if (entry === NONE) return undefined;
    return { type: this.#hardware.prefixOf(entry), address: this.#hardware.keyOf(entry) };
  }

  clientIdOf(index: number): Uint8Array | undefined {
    const entry = this.#clientIdEntries[index];
    return entry === NONE ? undefined : this.#clientIds.keyOf(entry);
  }

  fixedAddressesOf(index: number): readonly number[] {
    return this.#fixedAddresses.get(index) ?? noAddresses;
  }

  scopeOf(index: number): Scope {
    return this.#scopes[index];
  }

  groupOf(index: number): Scope | undefined {
    return this.#groups.get(index);
  }
}

/** One row of the table, looked at when it is asked for. */
class HostView implements Host {
  readonly index: number;
  readonly #table: CompactHostTable;

  constructor(table: CompactHostTable, index: number) {
    this.#table = table;
    this.index = index;
  }

  get name(): string {
    return this.#table.nameOf(this.index);
  }

  get hardware(): Host["hardware"] {
    return this.#table.hardwareOf(this.index);
  }

  get clientId(): Uint8Array | undefined {
    return this.#table.clientIdOf(this.index);
  }

  get fixedAddresses(): readonly number[] {
    return this.#table.fixedAddressesOf(this.index);
  }

  get scope(): Scope {
    return this.#table.scopeOf(this.index);
  }

  get group(): Scope | undefined {
    return this.#table.groupOf(this.index);
  }
}
