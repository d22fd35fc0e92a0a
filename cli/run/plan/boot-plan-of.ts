import { type Scenario, scenarioBoots } from "../../../scenarios/language/scenario.ts";
import {
  type BootFile,
  bootFileSecret,
  bootFilesOf,
} from "../../../scenarios/servers/boot-files.ts";
import { type BootPolicy, defaultBootPolicy } from "../../../simulator/boot/boot-policy.ts";
import type { BootPlan } from "../../../simulator/plan/run-plan.ts";

export type ServicePorts = BootPolicy["ports"];

/** Where the services of the boot chain are, and what TFTP serves. */
export interface BootServers {
  readonly ports: ServicePorts;
  readonly files: readonly BootFile[];
  /** Signs the CMTS MIC; undefined when only another CMTS knows the secret. */
  readonly sharedSecret: Uint8Array | undefined;
}

/** The boot files of `prov config` and the bundled server. The same seed gives the same bytes. */
export function filesOf({ seed, boot }: Scenario): readonly BootFile[] {
  return bootFilesOf({ seed, meterImageBytes: boot.files.meterImageBytes });
}

/** Our own servers and files, on the ports that the system chose. */
export function ownServers(files: readonly BootFile[], ports: ServicePorts): BootServers {
  return { ports, files, sharedSecret: bootFileSecret };
}

/** Other servers, on the well-known ports. */
export function foreignServers(files: readonly BootFile[]): BootServers {
  return { ports: defaultBootPolicy.ports, files, sharedSecret: undefined };
}

/** How the devices of a scenario get on line; undefined when its streams do DHCP only. */
export function bootPlanOf(scenario: Scenario, servers: BootServers): BootPlan | undefined {
  if (!scenarioBoots(scenario)) return undefined;
  const { ports, files, sharedSecret } = servers;
  return { policy: bootPolicyOf(scenario, ports), files, sharedSecret };
}

/** How the devices of a scenario boot. */
export function bootPolicyOf(
  { boot }: Scenario,
  ports: ServicePorts = defaultBootPolicy.ports,
): BootPolicy {
  const { download, ranging, registration, reboot } = defaultBootPolicy;
  const { blockBytes, windowBlocks, timeoutSeconds, roundsMax, ...retry } = boot.tftp;
  const { rangingPerSecond, registrationPerSecond } = boot.cmts;
  const unlimited = Number.POSITIVE_INFINITY;
  return {
    ...defaultBootPolicy,
    ports,
    download: {
      ...download,
      options: {
        ...download.options,
        blksize: blockBytes,
        ...(windowBlocks === 1 ? {} : { windowsize: windowBlocks }),
        ...(timeoutSeconds === undefined ? {} : { timeout: timeoutSeconds }),
      },
      retry: { ...download.retry, ...retry },
      roundsMax,
    },
    ranging: { ...ranging, perSecond: rangingPerSecond ?? unlimited },
    registration: { ...registration, perSecond: registrationPerSecond ?? unlimited },
    reboot: { ...reboot, ...boot.reboot },
  };
}
