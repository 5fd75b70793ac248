import { PasswordInput, type PasswordInputProps } from '@mantine/core';
import type { ReactNode } from 'react';

/** A field for a secret. Its input says that it is at fault, to who hears the form and to what leads to the first fault; the library's alone is red only. */
export function PasswordField(props: PasswordInputProps): ReactNode {
  return <PasswordInput {...props} aria-invalid={Boolean(props.error)} />;
}
