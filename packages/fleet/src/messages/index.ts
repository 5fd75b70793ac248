/**
 * What agent and server say to each other. One WebSocket that the agent opens (`GET /api/v1/agent/link`, bearer: the agent's
 * token), JSON text frames, each one of `agentMessage` (from the agent) or `serverMessage`. Whoever receives a frame that
 * does not fit closes with 1008 and says which; unknown `type`s of a later protocol are ignored.
 */
export * from './link.ts';
export * from './diagnostics.ts';
export * from './answer-parts.ts';
