/* Outputs kept in tests/golden/, to be read by people when they change. */
#ifndef TESTS_AGENT_GOLDEN_H
#define TESTS_AGENT_GOLDEN_H

/*
 * Fail unless GOT is what tests/golden/NAME holds. With GOLDEN_WRITE in the environment the file is
 * written instead: look at the difference before committing it.
 */
void golden_check(const char *name, const char *got);

#endif
