#include "analysis/base/text.h"
#include "tests/analysis/model.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
static void apply_v2(struct model *m){model_apply(m,"v2");}
static void apply_v3(struct model *m){model_apply(m,"v3");}
static void apply_v1(struct model *m){model_apply(m,"v1");}
static void show(const char*what,struct model*m){printf("=== %s unserved %d checks %d decisions %d\n%s",what,m->n_unserved,m->n_checks,m->n_decisions,m->trace);}
int main(void)
{
	struct model m;
	model_init(&m); model_run(&m,30000,NULL); show("init",&m); model_fini(&m);
	const struct model_event e2[]={{0,apply_v2},{0}};
	model_init(&m); model_initialise(&m); model_run(&m,120000,e2); show("promote",&m); model_fini(&m);
	model_init(&m); model_initialise(&m); m.success_rate=50; model_run(&m,120000,e2); show("rollback",&m); model_fini(&m);
	model_init(&m); model_initialise(&m); m.is_primary_broken=true; model_run(&m,300000,e2); show("failed promotion",&m); model_fini(&m);
	model_init(&m); m.truth.target.may_empty=m.truth.primary.may_empty=true; model_initialise(&m); m.truth.primary.may_empty=true; m.is_primary_broken=true; model_run(&m,300000,e2); show("failed promotion recreate",&m); model_fini(&m);
	const struct model_event e3[]={{0,apply_v2},{20000,apply_v3},{0}};
	model_init(&m); model_initialise(&m); model_run(&m,200000,e3); show("newer",&m); model_fini(&m);
	const struct model_event e4[]={{0,apply_v2},{20000,apply_v1},{0}};
	model_init(&m); model_initialise(&m); model_run(&m,200000,e4); show("revert",&m); model_fini(&m);
	model_init(&m); m.spec.strategy=STRATEGY_AB; m.spec.iterations=2; model_initialise(&m); model_run(&m,120000,e2); show("ab",&m); model_fini(&m);
	model_init(&m); m.spec.strategy=STRATEGY_BLUE_GREEN; m.spec.iterations=2; model_initialise(&m); model_run(&m,120000,e2); show("bg",&m); model_fini(&m);
	model_init(&m); m.spec.strategy=STRATEGY_BLUE_GREEN; m.spec.iterations=2; m.spec.provider="kubernetes"; m.spec.route=(struct route_ability){.hold={1000}}; model_initialise(&m); model_run(&m,120000,e2); show("bg k8s",&m); model_fini(&m);
	return 0;
}
