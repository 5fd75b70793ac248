import type { PanelRead } from '@sightline/contract';

/** What Sightline knows without a query, as people call it. */
export const readWords: Readonly<Record<PanelRead, string>> = {
  sites: 'sites',
  services: 'services',
  incidents: 'incidents',
  'failed-sign-ins': 'failed sign-ins by source',
  'new-keys': 'new keys',
  'privileged-actions': 'privileged actions',
  'remote-commands': 'remote commands by person',
  'taken-out': 'records taken along',
  'site-findings': 'sites with findings',
  'personal-data': 'personal data scrubbed, by detector',
};
