/**
 * Node's HTTP client and server. Not by `import`: that evaluates every export of `node:http`, the lazily loaded WebSocket
 * and fetch among them, which takes 12 MB that an agent never uses.
 */
export const http: typeof import('node:http') = process.getBuiltinModule('node:http');
