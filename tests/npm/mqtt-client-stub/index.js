// Stands in for the transport package that the reference implementation names as its peer and that no
// registry carries. It is imported there, but never used: both classes are given a `client:` handle
// (see ../handle.mjs).

export class CloudSignalClient {
  constructor() {
    throw new Error("no transport of its own here: pass `client: await connect(...)` from handle.mjs");
  }
}
