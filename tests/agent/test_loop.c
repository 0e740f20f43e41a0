/* The loop's real side: order of alarms, cancelling from anywhere, posts from threads, signals. */
#include "agent/loop_ev.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define POSTS 1000

/* An alarm that writes its letter down and may do something else. */
struct letter {
	struct alarm alarm;
	struct page *page;
	char letter;
	struct letter *cancels;
	struct letter *starts;
	struct span after;
	bool is_last;
};

struct page {
	struct loop_ev *loop;
	struct loop *seam;
	char text[32];
	size_t length;
};

static int page_open(void **state)
{
	static struct page page;

	page = (struct page){.loop = loop_ev_new(NULL)};
	page.seam = loop_ev_seam(page.loop);
	*state = &page;
	return 0;
}

static int page_shut(void **state)
{
	struct page *page = *state;

	loop_ev_free(page->loop);
	return 0;
}

static void on_ring(struct alarm *alarm)
{
	struct letter *letter = container_of(alarm, struct letter, alarm);
	struct page *page = letter->page;

	assert_null(alarm->loop);
	page->text[page->length++] = letter->letter;
	if (letter->cancels)
		alarm_cancel(&letter->cancels->alarm);
	if (letter->starts)
		alarm_start(page->seam, &letter->starts->alarm, letter->starts->after);
	if (letter->is_last)
		loop_ev_stop(page->loop);
}

static void add(struct page *page, struct letter *letter, char name, int64_t after_ms)
{
	*letter = (struct letter){
		.alarm = {.ring = on_ring},
		.page = page,
		.letter = name,
		.after = span_ms(after_ms),
	};
}

static void start(struct letter *letter)
{
	alarm_start(letter->page->seam, &letter->alarm, letter->after);
}

/* Alarms of 0 ring in the next turn in order of starting; what they start at 0 rings after all of
 * them. */
static void test_turns(void **state)
{
	struct page *page = *state;
	struct letter a;
	struct letter b;
	struct letter c;
	struct letter d;

	add(page, &a, 'a', 0);
	add(page, &b, 'b', -5);
	add(page, &c, 'c', 0);
	add(page, &d, 'd', 0);
	a.starts = &d;
	d.is_last = true;
	start(&c);
	start(&a);
	start(&b);
	assert_string_equal(page->text, "");
	loop_ev_run(page->loop);
	assert_string_equal(page->text, "cabd");
}

/* An alarm cancels one of its own turn, which does not ring; one that is started again rings once.
 */
static void test_cancel(void **state)
{
	struct page *page = *state;
	struct letter a;
	struct letter b;
	struct letter c;

	add(page, &a, 'a', 0);
	add(page, &b, 'b', 0);
	add(page, &c, 'c', 2);
	a.cancels = &b;
	c.is_last = true;
	start(&a);
	start(&b);
	start(&c);
	start(&c);
	loop_ev_run(page->loop);
	assert_string_equal(page->text, "ac");
	alarm_cancel(&b.alarm);
}

/* By length, not by order of starting; and never early by the loop's own clock. */
static void test_spans(void **state)
{
	struct page *page = *state;
	struct letter a;
	struct letter b;
	struct span began = loop_uptime(page->seam);

	add(page, &a, 'a', 40);
	add(page, &b, 'b', 20);
	a.is_last = true;
	start(&a);
	start(&b);
	loop_ev_run(page->loop);
	assert_string_equal(page->text, "ba");
	assert_true(loop_uptime(page->seam).ms - began.ms >= 40);
}

/* Alarms that are armed when the loop goes do not ring, and cancelling them before that is enough.
 */
static void test_free_armed(void **state)
{
	struct page *page = *state;
	struct letter a;
	struct letter b;

	add(page, &a, 'a', 0);
	add(page, &b, 'b', 100000);
	start(&a);
	start(&b);
	page->loop = loop_ev_free(page->loop);
	assert_string_equal(page->text, "");
	assert_null(a.alarm.loop);
	assert_null(b.alarm.loop);
}

static void test_random(void **state)
{
	struct page *page = *state;
	uint64_t first = loop_random(page->seam);

	assert_true(first != loop_random(page->seam) || first != loop_random(page->seam));
	assert_true(loop_now(page->seam).ms > 1500000000000);
}

/* Numbered posts of one thread, and a bell that is rung by each of them. */
struct mail {
	struct loop_ev_post post;
	struct page *page;
	int number;
	int *n_read;
	bool is_in_order;
};

struct bell {
	struct loop_ev_post post;
	size_t n_rings;
};

struct office {
	struct page *page;
	struct mail mails[POSTS];
	struct bell bell;
	int n_read;
};

static void on_mail(struct loop_ev_post *post)
{
	struct mail *mail = container_of(post, struct mail, post);

	mail->is_in_order = mail->number == *mail->n_read;
	if (++*mail->n_read == POSTS)
		loop_ev_stop(mail->page->loop);
}

static void on_bell(struct loop_ev_post *post)
{
	container_of(post, struct bell, post)->n_rings++;
}

static void *work(void *user)
{
	struct office *office = user;

	for (int i = 0; i < POSTS; i++) {
		loop_ev_post(office->page->loop, &office->bell.post);
		loop_ev_post(office->page->loop, &office->mails[i].post);
	}
	return NULL;
}

static void test_posts(void **state)
{
	static struct office office;
	struct page *page = *state;
	pthread_t thread;

	office = (struct office){.page = page, .bell = {.post = {.call = on_bell}}};
	for (int i = 0; i < POSTS; i++)
		office.mails[i] = (struct mail){
			.post = {.call = on_mail},
			.page = page,
			.number = i,
			.n_read = &office.n_read,
		};
	assert_int_equal(pthread_create(&thread, NULL, work, &office), 0);
	loop_ev_run(page->loop);
	(void)pthread_join(thread, NULL);
	for (int i = 0; i < POSTS; i++)
		assert_true(office.mails[i].is_in_order);
	assert_in_range(office.bell.n_rings, 1, POSTS);
}

/* A cancelled post is not called, wherever it stood in the queue. */
static void test_post_cancel(void **state)
{
	struct page *page = *state;
	struct bell bells[4] = {0};
	struct letter end;

	for (size_t i = 0; i < 4; i++) {
		bells[i].post.call = on_bell;
		loop_ev_post(page->loop, &bells[i].post);
	}
	loop_ev_post_cancel(page->loop, &bells[3].post);
	loop_ev_post_cancel(page->loop, &bells[0].post);
	loop_ev_post_cancel(page->loop, &bells[0].post);
	loop_ev_post(page->loop, &bells[3].post);
	add(page, &end, 'e', 5);
	end.is_last = true;
	start(&end);
	loop_ev_run(page->loop);
	assert_int_equal(bells[0].n_rings, 0);
	assert_int_equal(bells[1].n_rings, 1);
	assert_int_equal(bells[2].n_rings, 1);
	assert_int_equal(bells[3].n_rings, 1);
}

static void on_caught(void *user, int number)
{
	struct page *page = user;

	page->text[page->length++] = number == SIGTERM ? 't' : 'i';
	loop_ev_stop(page->loop);
}

/* SIGTERM and SIGINT arrive as calls; SIGPIPE does nothing; handed back, the next loop can have
 * them. */
static void test_signals(void **state)
{
	struct page *page = *state;

	loop_ev_signals(page->loop, on_caught, page);
	(void)raise(SIGPIPE);
	(void)raise(SIGTERM);
	loop_ev_run(page->loop);
	(void)raise(SIGINT);
	loop_ev_run(page->loop);
	assert_string_equal(page->text, "ti");
	loop_ev_signals(page->loop, NULL, NULL);
	loop_ev_free(page->loop);
	page->loop = loop_ev_new(NULL);
	loop_ev_signals(page->loop, on_caught, page);
	(void)raise(SIGTERM);
	loop_ev_run(page->loop);
	assert_string_equal(page->text, "tit");
}

/* A stop before the run is kept for it. */
static void test_stop_before_run(void **state)
{
	struct page *page = *state;

	loop_ev_stop(page->loop);
	loop_ev_run(page->loop);
}

#define PAGE_TEST(test) cmocka_unit_test_setup_teardown(test, page_open, page_shut)

int main(void)
{
	const struct CMUnitTest tests[] = {
		PAGE_TEST(test_turns),           PAGE_TEST(test_cancel),
		PAGE_TEST(test_spans),           PAGE_TEST(test_free_armed),
		PAGE_TEST(test_random),          PAGE_TEST(test_posts),
		PAGE_TEST(test_post_cancel),     PAGE_TEST(test_signals),
		PAGE_TEST(test_stop_before_run),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
