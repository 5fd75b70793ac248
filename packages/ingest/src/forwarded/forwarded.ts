import { defineProtocol } from '../protocol.ts';

/** Lane of what brought no record: what sites had to drop, and frames whose every record was refused. Only the ledger learns of it. */
export const accountLane = 'site-account';

/** What agents forward is OTLP and goes through its lanes; only the account of what was lost has one of its own. */
export const forwarded = defineProtocol({
  name: 'agent',
  title: 'Site agents',
  docs: 'The agent of a site takes OTLP on 127.0.0.1:4318, keeps it on its disk while the site has no link, and forwards it in order once there is one. Start it with `npm run agent -- --server <address> --token <token>`; Settings → Agents makes the token.',
  endpoints: [],
  lanes: [{ name: accountLane, kind: 'decode', decode: () => ({ tables: [], refused: [] }) }],
});
