import { execFileSync } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { StartError } from "../../process/start-error.ts";

/** Longer than any certificate that it signs: nothing warns of the CA's own end. */
const CA_DAYS = 20 * 365;

export interface Issued {
  /** `NAME.crt` and `NAME.key` are written here; only their owner may read them. */
  readonly folder: string;
  readonly name: string;
  /** IPv4 addresses at which the holder is reached, or comes from. */
  readonly addresses: readonly string[];
  readonly days: number;
  /** A member of etcd is a server, and a client of the other members. */
  readonly uses: readonly ("serverAuth" | "clientAuth")[];
}

/**
 * Signs certificates for a pair and its members of etcd, by the program `openssl` (3.0 or later): it is needed once,
 * on one machine, and Node cannot make certificates itself.
 */
export class CertificateAuthority {
  readonly certificate: string;
  readonly #key: string;

  /** The CA in `ca.crt` and `ca.key` of the folder, made anew if there is none. Throws StartError. */
  constructor(folder: string) {
    this.certificate = join(folder, "ca.crt");
    this.#key = join(folder, "ca.key");
    if (existsSync(this.#key)) return;
    const extensions = [
      "basicConstraints = critical,CA:TRUE,pathlen:0",
      "keyUsage = critical,keyCertSign,cRLSign",
    ];
    request("provlab pair", extensions, CA_DAYS, this.certificate, this.#key, []);
  }

  /** A new key and its certificate; returns when it ends. Throws StartError. */
  issue({ folder, name, addresses, days, uses }: Issued): Date {
    const certificate = join(folder, `${name}.crt`);
    const extensions = [
      "basicConstraints = critical,CA:FALSE",
      "keyUsage = critical,digitalSignature",
      `extendedKeyUsage = ${uses.join(",")}`,
      `subjectAltName = ${addresses.map((address) => `IP:${address}`).join(",")}`,
    ];
    const signer = ["-CA", this.certificate, "-CAkey", this.#key];
    request(name, extensions, days, certificate, join(folder, `${name}.key`), signer);
    return new Date(new X509Certificate(readFileSync(certificate)).validTo);
  }
}

function request(
  name: string,
  extensions: readonly string[],
  days: number,
  certificate: string,
  key: string,
  signer: readonly string[],
): void {
  const folder = mkdtempSync(join(tmpdir(), "provlab-openssl-"));
  try {
    const config = join(folder, "openssl.cnf");
    // The machine's own openssl.cnf may add extensions.
    const sections = ["[req]", "prompt = no", "distinguished_name = dn", "x509_extensions = ext"];
    const lines = [...sections, "[dn]", `CN = ${name}`, "[ext]", ...extensions, ""];
    writeFileSync(config, lines.join("\n"));
    const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
    const files = ["-config", config, "-keyout", key, "-out", certificate];
    openSsl(["req", "-x509", ...newKey, "-days", String(days), ...signer, ...files]);
  } finally {
    rmSync(folder, { recursive: true });
  }
  for (const path of [certificate, key]) chmodSync(path, 0o600);
}

function openSsl(args: readonly string[]): void {
  try {
    execFileSync("openssl", args, { stdio: ["ignore", "ignore", "pipe"] });
  } catch (error) {
    const { code, stderr, message } = error as NodeJS.ErrnoException & { stderr?: Buffer };
    if (code === "ENOENT") {
      throw new StartError(
        "The program openssl, which makes the certificates, is not on this machine: install it (apt-get install " +
          "openssl), or do this on another machine.",
      );
    }
    throw new StartError(`openssl made no certificate: ${stderr?.toString().trim() || message}`);
  }
}
