/* The program: reads the command line and hands over. */
#include "agent/options.h"
#include "agent/serve.h"

int main(int argc, char **argv)
{
	struct options options;
	int code;

	if (!options_read(&options, argc, argv, &code))
		return code;
	return serve(&options);
}
