import type { ServicesContext } from '../services-context.ts';
import { alerts } from './alerts.ts';
import { channels } from './channels.ts';
import { notifications } from './notifications.ts';
import { policies } from './policies.ts';
import type { Alerting } from './port.ts';
import { silences } from './silences.ts';

export function alerting(context: ServicesContext): Alerting {
  return {
    channels: channels(context),
    policies: policies(context),
    silences: silences(context),
    notifications: notifications(context),
    alerts: alerts(context),
  };
}
