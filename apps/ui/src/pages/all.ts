import type { Page } from '../shell/page.ts';
import { dataPage } from './data/page.ts';
import { invitationPage, setupPage, signInPage } from './entry/pages.ts';
import { fleetPage } from './fleet/page.ts';
import { settingsPage } from './settings/page.ts';
import { sitePage } from './site/page.ts';

/** Every page of the product, in the order of the rail. A new page is a folder and a line here. */
export const allPages: readonly Page[] = [
  fleetPage,
  sitePage,
  dataPage,
  settingsPage,
  signInPage,
  setupPage,
  invitationPage,
];
