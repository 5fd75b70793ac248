import type { Team } from '@sightline/contract';

interface Offer {
  readonly value: string;
  readonly label: string;
}
export interface OfferGroup {
  readonly group: string;
  readonly items: Offer[];
}

/** Whom an issue can be given to, in the order people look for them: me, my teams, other teams, people. */
export function assigneeGroups({
  me,
  teams,
  people,
  also,
}: {
  readonly me: string;
  readonly teams: readonly Pick<Team, 'slug' | 'name' | 'mine'>[];
  readonly people: readonly { readonly email: string; readonly name: string }[];
  /** Who has it or owns it by the rules; '' is nobody. */
  readonly also: readonly string[];
}): OfferGroup[] {
  const team = ({ slug, name }: Pick<Team, 'slug' | 'name'>): Offer => ({
    value: `#${slug}`,
    label: name.toLowerCase() === slug ? `#${slug}` : `${name} #${slug}`,
  });
  const groups = [
    { group: 'Me', items: [{ value: me, label: `${me} (me)` }] },
    { group: 'My teams', items: teams.filter(({ mine }) => mine).map(team) },
    { group: 'Teams', items: teams.filter(({ mine }) => !mine).map(team) },
    {
      group: 'People',
      items: people
        .filter(({ email }) => email !== me)
        .map(({ email, name }) => ({ value: email, label: name === '' ? email : `${name} (${email})` })),
    },
  ];
  const known = new Set(groups.flatMap(({ items }) => items.map(({ value }) => value)));
  const others = [...new Set(also)].filter((one) => one !== '' && !known.has(one));
  if (others.length > 0) groups.push({ group: 'Others', items: others.map((value) => ({ value, label: value })) });
  return groups.filter(({ items }) => items.length > 0);
}
