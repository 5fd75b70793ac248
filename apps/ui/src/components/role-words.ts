/** The least role that may do something, and what that is, as the end of "Administrators and owners …". */
export interface RoleNeed {
  readonly role: 'responder' | 'admin' | 'owner';
  readonly what: string;
}

/** The people of a role, as a title has them. */
export const roleTitles = { responder: 'responders', admin: 'administrators', owner: 'owners' } as const;

const everyoneFrom = {
  responder: 'Responders, administrators and owners',
  admin: 'Administrators and owners',
  owner: 'Owners',
} as const;

/** "Administrators and owners change monitors." */
export const whoMay = ({ role, what }: RoleNeed): string => `${everyoneFrom[role]} ${what}.`;
