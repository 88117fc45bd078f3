// What a person should look at in a job's files, by kind: how many, and the first of them.
import type { Dictionary } from './i18n/en.ts';
import type { JobView } from './api/schema.ts';

interface Kind {
  name: string;
  count: number;
  title: string;
  files: { file: number; text: string }[];
}

/** The kinds of which the job has files. */
export function kindsOf(job: JobView, t: Dictionary): Kind[] {
  const kinds = [
    { name: 'failed', count: job.failed, title: t.failedFiles(job.failed), files: job.failures.map(({ file, reason }) => ({ file, text: reason })) },
    { name: 'differing', count: job.differing_count, title: t.differingFiles(job.differing_count), files: job.differing.map((file) => ({ file, text: t.firstIsKept })) },
    {
      name: 'contradicting',
      count: job.contradicting_count,
      title: t.contradictingFiles(job.contradicting_count),
      files: job.contradicting.map(({ file, record, fields }) => ({ file, text: t.otherFields(fields.join(', '), record) })),
    },
    { name: 'without-picture', count: job.without_picture_count, title: t.withoutPicture(job.without_picture_count), files: job.without_picture.map(({ file, reason }) => ({ file, text: reason })) },
    { name: 'warned', count: job.warned_count, title: t.warnedFiles(job.warned_count), files: job.warned.map(({ file, warnings }) => ({ file, text: warnings.join('; ') })) },
  ];
  return kinds.filter(({ count }) => count > 0);
}
