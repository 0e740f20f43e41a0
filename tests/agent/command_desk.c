#include "tests/agent/command_desk.h"

#include "agent/demo/front.h"
#include "tests/demo/ask.h"

#include <dirent.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define WORDS_MAX 32
#define TURN_MS   5 /* until the server looks up when nothing comes */
#define API       "/apis/flagger.app/v1beta1/namespaces/shop/canaries"
#define RELEASES  "/apis/serin.dev/v1alpha1/namespaces/shop/releases"
#define BODY_MAX  8192

/* What getenv says to the command under test; set before each run, by one thread. */
static const char *kubeconfig_variable;

static const char *environment(const char *name)
{
	return strcmp(name, "KUBECONFIG") == 0 ? kubeconfig_variable : NULL;
}

static struct instant clock_now(void *user)
{
	(void)user;
	return (struct instant){COMMAND_DESK_NOW};
}

/* Each Action that has no answer gets one. */
static void answer_actions(struct command_desk *desk)
{
	const json_t *action;

	for (size_t i = 0; desk->answer && (action = apiserver_at(desk->server, "actions", i));
	     i++) {
		struct arena arena = {0};
		struct http_request request = {.method = HTTP_PATCH};

		if (json_object_get(action, "status"))
			continue;
		request.url = arena_format(
			&arena, "/apis/serin.dev/v1alpha1/namespaces/shop/actions/%s/status",
			json_string_value(
				json_object_get(json_object_get(action, "metadata"), "name")));
		request.body =
			arena_format(&arena, "{\"status\":{\"answer\":\"%s\",\"message\":\"%s\"}}",
		                     desk->answer, desk->answer_text);
		request.body_length = strlen(request.body);
		http_request_add(&request, "Content-Type", "application/merge-patch+json");
		(void)apiserver_serve_inside(desk->server, &request, &arena, clock_now(NULL));
		arena_fini(&arena);
	}
}

static void *serve(void *user)
{
	struct command_desk *desk = user;
	struct pollfd ready = {.fd = front_fd(desk->front), .events = POLLIN};
	bool is_closing = false;

	while (!is_closing) {
		(void)poll(&ready, 1, TURN_MS);
		assert_int_equal(pthread_mutex_lock(&desk->lock), 0);
		is_closing = desk->is_closing;
		front_run(desk->front);
		answer_actions(desk);
		assert_int_equal(pthread_mutex_unlock(&desk->lock), 0);
	}
	return NULL;
}

struct command_desk *command_desk_new_with(const struct apiserver_resource *resources,
                                           size_t n_resources)
{
	struct command_desk *desk = calloc(1, sizeof(*desk));
	char text[512];
	char path[160];
	struct err err = {0};

	assert_non_null(desk);
	(void)snprintf(desk->folder, sizeof(desk->folder), "/tmp/serin-command-XXXXXX");
	assert_non_null(mkdtemp(desk->folder));
	desk->server = apiserver_new(&(struct apiserver_options){
		.resources = resources,
		.n_resources = n_resources,
		.is_immediate = true,
		.person = "alice",
	});
	desk->front =
		front_new(&(struct front_options){.server = desk->server, .now = clock_now}, &err);
	assert_non_null(desk->front);
	assert_int_equal(pthread_mutex_init(&desk->lock, NULL), 0);
	(void)snprintf(text, sizeof(text),
	               "current-context: demo\n"
	               "contexts: [{name: demo, context: {cluster: demo, namespace: shop}}]\n"
	               "clusters: [{name: demo, cluster: {server: 'http://127.0.0.1:%d'}}]\n",
	               front_port(desk->front));
	(void)snprintf(desk->kubeconfig, sizeof(desk->kubeconfig), "%s",
	               command_desk_file(desk, "config", text, path));
	assert_int_equal(pthread_create(&desk->thread, NULL, serve, desk), 0);
	return desk;
}

struct command_desk *command_desk_new(void)
{
	return command_desk_new_with(NULL, 0);
}

void command_desk_cut(struct command_desk *desk)
{
	if (!desk->front)
		return;
	assert_int_equal(pthread_mutex_lock(&desk->lock), 0);
	desk->is_closing = true;
	assert_int_equal(pthread_mutex_unlock(&desk->lock), 0);
	assert_int_equal(pthread_join(desk->thread, NULL), 0);
	desk->front = front_free(desk->front);
}

struct command_desk *command_desk_free(struct command_desk *desk)
{
	DIR *folder;
	struct dirent *entry;
	char path[400];

	if (!desk)
		return NULL;
	command_desk_cut(desk);
	apiserver_free(desk->server);
	(void)pthread_mutex_destroy(&desk->lock);
	folder = opendir(desk->folder);
	while (folder && (entry = readdir(folder))) {
		(void)snprintf(path, sizeof(path), "%s/%s", desk->folder, entry->d_name);
		(void)unlink(path);
	}
	(void)closedir(folder);
	(void)rmdir(desk->folder);
	free(desk->out);
	free(desk->trouble);
	free(desk);
	return NULL;
}

const char *command_desk_file(struct command_desk *desk, const char *name, const char *text,
                              char ret[160])
{
	FILE *file;

	(void)snprintf(ret, 160, "%s/%s", desk->folder, name);
	file = fopen(ret, "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
	return ret;
}

void command_desk_write(struct command_desk *desk, enum http_method method, const char *url,
                        const char *body)
{
	int status;

	assert_int_equal(pthread_mutex_lock(&desk->lock), 0);
	status = ask_status(desk->server, instant_after(clock_now(NULL), desk->later), method, url,
	                    body);
	front_run(desk->front);
	assert_int_equal(pthread_mutex_unlock(&desk->lock), 0);
	if (status < 200 || status > 299)
		fail_msg("%s %s: %d", http_method_name(method), url, status);
}

void command_desk_uid(struct command_desk *desk, const char *plural, const char *name, char ret[64])
{
	assert_int_equal(pthread_mutex_lock(&desk->lock), 0);
	(void)snprintf(ret, 64, "%s",
	               ask_text(apiserver_find(desk->server, plural, "shop", name),
	                        "metadata.uid"));
	assert_int_equal(pthread_mutex_unlock(&desk->lock), 0);
}

static void add_canary(struct command_desk *desk, const char *name, const char *status)
{
	char body[BODY_MAX];
	char url[256];

	(void)snprintf(
		body, sizeof(body),
		"{'apiVersion':'flagger.app/v1beta1','kind':'Canary','metadata':{'name':'%s'},"
		"'spec':{'provider':'nginx','targetRef':{'apiVersion':'apps/v1',"
		"'kind':'Deployment','name':'%s'},'service':{'port':80},'analysis':{"
		"'interval':'1m','threshold':5,'stepWeight':10,'maxWeight':50}}}",
		name, name);
	command_desk_write(desk, HTTP_POST, API, body);
	(void)snprintf(url, sizeof(url), API "/%s/status", name);
	(void)snprintf(body, sizeof(body), "{'status':%s}", status);
	command_desk_write(desk, HTTP_PATCH, url, body);
}

static void add_release(struct command_desk *desk, const char *canary, int number,
                        const char *previous, const char *status)
{
	char body[BODY_MAX];
	char url[256];
	char uid[64];

	command_desk_uid(desk, "canaries", canary, uid);
	(void)snprintf(
		body, sizeof(body),
		"{'apiVersion':'serin.dev/v1alpha1','kind':'Release','metadata':{"
		"'name':'%s-%d','labels':{'serin.dev/canary':'%s'}},'spec':{'canary':{"
		"'name':'%s','uid':'%s'},'cause':'%s','digest':'%d9c1e02c4f','previous':'%s',"
		"'template':{'spec':{'containers':[{'name':'app',"
		"'image':'registry.example/shop/%s:v%d'}]}}}}",
		canary, number, canary, canary, uid, number == 1 ? "init" : "revision", number,
		previous, canary, number);
	command_desk_write(desk, HTTP_POST, RELEASES, body);
	(void)snprintf(url, sizeof(url), RELEASES "/%s-%d/status", canary, number);
	(void)snprintf(body, sizeof(body), "{'status':%s}", status);
	command_desk_write(desk, HTTP_PATCH, url, body);
}

void command_desk_cast(struct command_desk *desk)
{
	add_canary(desk, "cart",
	           "{'phase':'Progressing','canaryWeight':20,'failedChecks':1,'iterations':0}");
	add_canary(desk, "till",
	           "{'phase':'Initialized','canaryWeight':0,'failedChecks':0,'iterations':0}");
	add_canary(desk, "broken",
	           "{'phase':'','conditions':[{'type':'Ready','status':'False','reason':'Invalid',"
	           "'message':'spec.analysis.interval: expected a duration, got 1 minute'}]}");
	add_release(desk, "cart", 1, "",
	            "{'phase':'Done','seq':9,'outcome':'promoted','reason':'Initialization done! "
	            "cart.shop','times':{'started':'2025-11-18T08:00:00Z',"
	            "'finished':'2025-11-18T08:00:40Z'},'weight':{'from':0,'to':0}}");
	add_release(
		desk, "cart", 2, "cart-1",
		"{'phase':'Done','seq':19,'outcome':'rolled_back','ending':'rolled_back',"
		"'reason':'Halt cart.shop advancement request-duration 620 > 500 (failed check 5 "
		"of 5)','times':{'started':'2025-11-20T08:00:00Z',"
		"'finished':'2025-11-20T08:07:10Z'},'weight':{'from':10,'to':0},'checks':[{"
		"'name':'request-success-rate','value':99.7,'min':99,'verdict':'pass'},{"
		"'name':'request-duration','value':620,'max':500,'verdict':'fail'}]}");
	add_release(
		desk, "cart", 3, "cart-1",
		"{'phase':'Progressing','seq':6,'reason':'Advance cart.shop canary weight 20',"
		"'times':{'started':'2025-11-21T07:57:50Z','nextCheckAt':'2025-11-21T08:00:38Z'},"
		"'weight':{'from':10,'to':20,'seenShare':0.197},'counters':{'iteration':0,"
		"'failedChecks':1},'checks':[{'name':'request-success-rate','value':99.91,"
		"'min':99,'verdict':'pass'},{'name':'request-duration','value':410,'max':500,"
		"'verdict':'pass'}]}");
	add_release(desk, "till", 1, "",
	            "{'phase':'Done','seq':9,'outcome':'promoted','reason':'Initialization done! "
	            "till.shop','times':{'started':'2025-11-21T06:00:00Z',"
	            "'finished':'2025-11-21T06:00:40Z'},'weight':{'from':0,'to':0}}");
}

static int split(char *line, char *words[WORDS_MAX])
{
	char *rest = line;
	char *word;
	int n = 1;

	while ((word = strsep(&rest, " "))) {
		if (!*word)
			continue;
		assert_true(n < WORDS_MAX);
		words[n++] = word;
	}
	return n;
}

void command_desk_run_as(struct command_desk *desk, const char *program, const char *line)
{
	char *words[WORDS_MAX] = {NULL};
	char *first = strdup(program);
	char *rest = strdup(line);
	size_t size;
	struct command_setting setting = {
		.in = desk->in,
		.screen = desk->screen,
		.environment = environment,
		.fixed_now = {COMMAND_DESK_NOW - desk->lead.ms},
	};

	free(desk->out);
	free(desk->trouble);
	desk->out = NULL;
	desk->trouble = NULL;
	kubeconfig_variable = desk->file_variable ? desk->file_variable : desk->kubeconfig;
	setting.out = desk->stream ? desk->stream : open_memstream(&desk->out, &size);
	setting.trouble = open_memstream(&desk->trouble, &size);
	assert_true(first && rest && setting.out && setting.trouble);
	words[0] = first;
	desk->status = command_main(split(rest, words), words, &setting);
	assert_int_equal(fclose(setting.out), 0);
	assert_int_equal(fclose(setting.trouble), 0);
	free(first);
	free(rest);
}

void command_desk_run(struct command_desk *desk, const char *line)
{
	command_desk_run_as(desk, "serin", line);
}

void command_desk_stream(struct command_desk *desk, const char *line, void *(*read_on)(void *user),
                         void *user, int *ret_end)
{
	int ends[2];
	pthread_t thread;

	assert_int_equal(pipe(ends), 0);
	*ret_end = ends[0];
	desk->stream = fdopen(ends[1], "w");
	assert_non_null(desk->stream);
	assert_int_equal(pthread_create(&thread, NULL, read_on, user), 0);
	command_desk_run(desk, line);
	assert_int_equal(pthread_join(thread, NULL), 0);
	(void)close(ends[0]);
	desk->stream = NULL;
}

int command_desk_set_up(void **state)
{
	*state = command_desk_new();
	command_desk_cast(*state);
	return 0;
}

int command_desk_tear_down(void **state)
{
	command_desk_free(*state);
	return 0;
}
