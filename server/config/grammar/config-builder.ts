import { formatIpv4, prefixLengthOf } from "../../../protocol/ipv4.ts";
import type { BlockScope } from "../model/block-scope.ts";
import { DeclaredClasses } from "../model/class-table.ts";
import { CompactHostTable } from "../model/host-table.ts";
import type {
  AddressRange,
  FailoverPeer,
  Key,
  Pool,
  Scope,
  SharedNetwork,
  Subnet,
  Zone,
} from "../model/model.ts";
import { PermitList } from "../model/permit-list.ts";
import { RangeSet } from "../model/range-set.ts";
import { SubnetSet } from "../model/subnet-set.ts";
import type { NamedPlace } from "./parser.ts";

export interface SubnetDeclaration extends Subnet {
  readonly scope: BlockScope;
  readonly sharedNetwork: NetworkDeclaration;
  /** Takes the ranges that stand in the subnet itself. */
  ownPool: PoolDeclaration | undefined;
  /** Takes its `range dynamic-bootp`. */
  ownBootpPool: PoolDeclaration | undefined;
}

export interface NetworkDeclaration extends SharedNetwork {
  readonly scope: BlockScope;
  readonly subnets: SubnetDeclaration[];
  readonly pools: PoolDeclaration[];
}

export interface PoolDeclaration extends Pool {
  readonly ranges: AddressRange[];
  validFromSeconds: number | undefined;
  validUntilSeconds: number | undefined;
  failoverPeer: string | undefined;
}

/** What has been declared so far. */
export class ConfigBuilder {
  readonly networks: NetworkDeclaration[] = [];
  readonly pools: PoolDeclaration[] = [];
  readonly subnets: SubnetDeclaration[] = [];
  /** The same, to find those that share addresses. */
  readonly subnetSet = new SubnetSet<SubnetDeclaration>();
  readonly classes = new DeclaredClasses();
  /** Where classes and failover peers were declared; kept apart, since a lexer holds its file. */
  readonly classPlaces: NamedPlace[] = [];
  readonly hosts = new CompactHostTable();
  readonly groups = new Map<string, Scope>();
  readonly keys = new Map<string, Key>();
  readonly zones: Zone[] = [];
  readonly failoverPeers = new Map<string, FailoverPeer>();
  readonly failoverPlaces: NamedPlace[] = [];
  readonly ranges = new RangeSet();
  filesIncluded = 0;
  /** A host was declared inside a network; the warning about it is given once. */
  hasNestedHost = false;

  addNetwork(name: string, scope: BlockScope): NetworkDeclaration {
    const network = { index: this.networks.length, name, scope, subnets: [], pools: [] };
    this.networks.push(network);
    return network;
  }

  addSubnet(
    network: number,
    mask: number,
    scope: BlockScope,
    sharedNetwork: NetworkDeclaration,
  ): SubnetDeclaration {
    const subnet = {
      network,
      mask,
      scope,
      sharedNetwork,
      ownPool: undefined,
      ownBootpPool: undefined,
    };
    sharedNetwork.subnets.push(subnet);
    this.subnets.push(subnet);
    this.subnetSet.add(subnet);
    return subnet;
  }

  addPool(scope: BlockScope, sharedNetwork: NetworkDeclaration): PoolDeclaration {
    const pool: PoolDeclaration = {
      index: this.pools.length,
      ranges: [],
      permits: new PermitList(),
      prohibits: new PermitList(),
      validFromSeconds: undefined,
      validUntilSeconds: undefined,
      failoverPeer: undefined,
      scope,
      sharedNetwork,
    };
    this.pools.push(pool);
    sharedNetwork.pools.push(pool);
    return pool;
  }
}

/** Like "10.0.0.0/24"; the mask must be one of a prefix. */
export function subnetName(network: number, mask: number): string {
  return `${formatIpv4(network)}/${prefixLengthOf(mask)}`;
}
