import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { EtcdTlsFiles } from "../../server/etcd/edge/etcd-access.ts";

/** Why certificates cannot be made here. */
export function openSslMissingReason(): string | undefined {
  return spawnSync("openssl", ["version"], { stdio: "ignore" }).error ? "no openssl" : undefined;
}

/** Signs certificates for 127.0.0.1, with the commands of docs/ha.md; they are gone when it is closed. */
export class CertificateAuthority {
  readonly #folder = mkdtempSync(join(tmpdir(), "provlab-ca-"));
  readonly #ca = this.#file("ca", "crt");

  constructor() {
    this.#make("ca", ["-days", "2"]);
  }

  /** A new key and certificate of that name, in the place of those that were there. */
  issue(name: string): EtcdTlsFiles {
    const signer = ["-CA", this.#ca, "-CAkey", this.#file("ca", "key")];
    const uses = ["subjectAltName=IP:127.0.0.1", "basicConstraints=critical,CA:FALSE"];
    this.#make(name, ["-days", "1", ...signer, ...uses.flatMap((use) => ["-addext", use])]);
    return { ca: this.#ca, certificate: this.#file(name, "crt"), key: this.#file(name, "key") };
  }

  close(): void {
    rmSync(this.#folder, { recursive: true });
  }

  #make(name: string, more: readonly string[]): void {
    const keys = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
    const files = ["-keyout", this.#file(name, "key"), "-out", this.#file(name, "crt")];
    const args = ["req", "-x509", ...keys, "-subj", `/CN=${name}`, ...more, ...files];
    execFileSync("openssl", args, { stdio: ["ignore", "ignore", "pipe"] });
  }

  #file(name: string, kind: "crt" | "key"): string {
    return join(this.#folder, `${name}.${kind}`);
  }
}
