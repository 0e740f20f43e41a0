/* `serin demo`: a good release and a slow one, in a cluster inside this process, at about twenty
 * times the speed, told on the terminal. */
#ifndef AGENT_DEMO_DEMO_H
#define AGENT_DEMO_DEMO_H

/*
 * ARGV[0] is the command's name. The exit code: 0 when the first release was promoted and the
 * second rolled back, 1 when not, 2 for a wrong command line, 130 when a signal ended it before.
 */
int demo(int argc, char **argv);

#endif
