import { ActionIcon } from '@mantine/core';
import { IconLink } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { copyText } from './copy.ts';

/** Copies the page's address, which says what is open: `what` is "message", "line". */
export function CopyLink({ what }: { readonly what: string }): ReactNode {
  const title = `Copy link to this ${what}`;
  return (
    <ActionIcon
      variant="subtle"
      color="gray"
      size={28}
      aria-label={title}
      title={title}
      onClick={() => void copyText(window.location.href, 'Link')}
    >
      <IconLink size={16} />
    </ActionIcon>
  );
}
