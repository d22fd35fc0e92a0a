import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CertificateAuthority as PairAuthority } from "../../server/etcd/edge/certificate-authority.ts";
import type { EtcdTlsFiles } from "../../server/etcd/edge/etcd-access.ts";

/** Why certificates cannot be made here. */
export function openSslMissingReason(): string | undefined {
  return spawnSync("openssl", ["version"], { stdio: "ignore" }).error ? "no openssl" : undefined;
}

/** Signs certificates for 127.0.0.1, as `prov pair init` does; they are gone when it is closed. */
export class CertificateAuthority {
  readonly #folder = mkdtempSync(join(tmpdir(), "provlab-ca-"));
  readonly #authority = new PairAuthority(this.#folder);

  /** A new key and certificate of that name, in the place of those that were there. */
  issue(name: string): EtcdTlsFiles {
    const uses = ["serverAuth", "clientAuth"] as const;
    const addresses = ["127.0.0.1"];
    this.#authority.issue({ folder: this.#folder, name, addresses, days: 1, uses });
    const file = (end: string): string => join(this.#folder, `${name}.${end}`);
    return { ca: this.#authority.certificate, certificate: file("crt"), key: file("key") };
  }

  close(): void {
    rmSync(this.#folder, { recursive: true });
  }
}
