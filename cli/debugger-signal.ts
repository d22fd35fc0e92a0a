// Node opens its debugger on SIGUSR1 unless the program takes the signal: then every user of the machine could run code
// as this one. Import it first. `bin/prov` covers the time before it runs.
process.on("SIGUSR1", () => undefined);
