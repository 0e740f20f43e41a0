/* Flagger's hashes: the vectors were computed by the code of Flagger 1.44 itself, from templates as
 * its client reads them. */
#include "analysis/base/compiler.h"
#include "providers/flagger_hash.h"
#include "providers/flagger_quantity.h"
#include "tests/providers/merge.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const char plain[] =
	"{'metadata':{'creationTimestamp':null,'labels':{'app':'podinfo'}},'spec':{'container"
	"s':[{'name':'podinfod','image':'ghcr.io/stefanprodan/podinfo:6.0.0','imagePullPolicy"
	"':'IfNotPresent','ports':[{'containerPort':9898,'name':'http','protocol':'TCP'}],'re"
	"sources':{},'terminationMessagePath':'/dev/termination-log','terminationMessagePolic"
	"y':'File'}],'dnsPolicy':'ClusterFirst','restartPolicy':'Always','schedulerName':'def"
	"ault-scheduler','securityContext':{},'terminationGracePeriodSeconds':30}}";

static const char probes[] =
	"{'metadata':{'creationTimestamp':null,'labels':{'app':'podinfo'},'annotations':{'pro"
	"metheus.io/scrape':'true','prometheus.io/port':'9797'}},'spec':{'nodeSelector':{},'c"
	"ontainers':[{'name':'podinfod','image':'ghcr.io/stefanprodan/podinfo:6.0.0','imagePu"
	"llPolicy':'IfNotPresent','command':['./podinfo','--port=9898'],'env':[{'name':'A','v"
	"alue':'1'},{'name':'K','valueFrom':{'secretKeyRef':{'name':'s','key':'k'}}}],'ports'"
	":[{'containerPort':9898,'name':'http','protocol':'TCP'}],'livenessProbe':{'httpGet':"
	"{'path':'/healthz','port':9898,'scheme':'HTTP'},'initialDelaySeconds':5,'timeoutSeco"
	"nds':5,'periodSeconds':10,'successThreshold':1,'failureThreshold':3},'resources':{'l"
	"imits':{'cpu':'2','memory':'512Mi'},'requests':{'cpu':'100m','memory':'32Mi'}},'term"
	"inationMessagePath':'/dev/termination-log','terminationMessagePolicy':'File'}],'dnsP"
	"olicy':'ClusterFirst','restartPolicy':'Always','schedulerName':'default-scheduler','"
	"securityContext':{},'terminationGracePeriodSeconds':30}}";

/* What one template can hold: volumes, quantities of each form, affinity, ports by name. */
static const char rich[] =
	"{'metadata':{'labels':{'a':'1','b':'2'}},'spec':{'volumes':[{'name':'v','configMap':"
	"{'name':'c','items':[{'key':'k','path':'p'}],'defaultMode':420}},{'name':'e','emptyD"
	"ir':{'sizeLimit':'1Gi'}},{'name':'p','projected':{'sources':[{'serviceAccountToken':"
	"{'expirationSeconds':3607,'path':'token'}},{'configMap':{'name':'kube-root-ca.crt','"
	"items':[{'key':'ca.crt','path':'ca.crt'}]}},{'downwardAPI':{'items':[{'path':'namesp"
	"ace','fieldRef':{'apiVersion':'v1','fieldPath':'metadata.namespace'}},{'path':'cpu',"
	"'resourceFieldRef':{'containerName':'x','resource':'limits.cpu','divisor':'1m'}},{'p"
	"ath':'mem','resourceFieldRef':{'containerName':'x','resource':'limits.memory','divis"
	"or':'0'}}]}},{'secret':{'name':'s','optional':true}}],'defaultMode':420}},{'name':'t"
	"','ephemeral':{'volumeClaimTemplate':{'metadata':{},'spec':{'accessModes':['ReadWrit"
	"eOnce'],'resources':{'requests':{'storage':'10Gi'}},'storageClassName':'fast','volum"
	"eMode':'Filesystem'}}}}],'initContainers':[{'name':'i','image':'i:1','envFrom':[{'pr"
	"efix':'P_','configMapRef':{'name':'c','optional':true}},{'secretRef':{'name':'s'}}],"
	"'resources':{'requests':{'cpu':'1500m','ephemeral-storage':'3e3','memory':'1500k'}},"
	"'restartPolicy':'Always'}],'containers':[{'name':'c','image':'c:1','args':['-x','<&>"
	"'],'env':[{'name':'U','value':'é \\u0022'},{'name':'N','valueFrom':{'fieldRef':{'api"
	"Version':'v1','fieldPath':'metadata.name'}}}],'resources':{'limits':{'cpu':'250m','h"
	"ugepages-2Mi':'4Mi','memory':'128Mi','nvidia.com/gpu':'1'},'requests':{'cpu':'0','me"
	"mory':'12345678'}},'volumeMounts':[{'name':'v','readOnly':true,'recursiveReadOnly':'"
	"Disabled','mountPath':'/v','mountPropagation':'None'}],'readinessProbe':{'tcpSocket'"
	":{'port':'http'},'timeoutSeconds':1,'periodSeconds':10,'successThreshold':1,'failure"
	"Threshold':3},'startupProbe':{'grpc':{'port':9,'service':''}},'lifecycle':{'postStar"
	"t':{'sleep':{'seconds':3}},'preStop':{'exec':{'command':['sleep','5']}}},'securityCo"
	"ntext':{'capabilities':{'drop':['ALL']},'runAsUser':1000,'runAsNonRoot':true,'readOn"
	"lyRootFilesystem':true,'allowPrivilegeEscalation':false,'seccompProfile':{'type':'Ru"
	"ntimeDefault'}},'stdin':true}],'restartPolicy':'Always','terminationGracePeriodSecon"
	"ds':30,'dnsPolicy':'ClusterFirst','serviceAccountName':'sa','serviceAccount':'sa','a"
	"utomountServiceAccountToken':false,'securityContext':{'supplementalGroups':[1,2],'fs"
	"Group':2000,'sysctls':[{'name':'a','value':'b'}]},'imagePullSecrets':[{'name':'r'}],"
	"'affinity':{'nodeAffinity':{'requiredDuringSchedulingIgnoredDuringExecution':{'nodeS"
	"electorTerms':[{'matchExpressions':[{'key':'z','operator':'Exists'}]}]}},'podAntiAff"
	"inity':{'preferredDuringSchedulingIgnoredDuringExecution':[{'weight':100,'podAffinit"
	"yTerm':{'labelSelector':{'matchLabels':{'app':'podinfo'},'matchExpressions':[{'key':"
	"'k','operator':'In','values':['a','b']}]},'topologyKey':'kubernetes.io/hostname'}}]}"
	"},'schedulerName':'default-scheduler','tolerations':[{'key':'x','operator':'Exists',"
	"'effect':'NoExecute','tolerationSeconds':300}],'hostAliases':[{'ip':'127.0.0.1','hos"
	"tnames':['a','b']}],'priorityClassName':'high','priority':1000,'dnsConfig':{'options"
	"':[{'name':'ndots','value':'2'}]},'readinessGates':[{'conditionType':'x/y'}],'runtim"
	"eClassName':'r','enableServiceLinks':false,'preemptionPolicy':'Never','overhead':{'c"
	"pu':'10m'},'topologySpreadConstraints':[{'maxSkew':1,'topologyKey':'z','whenUnsatisf"
	"iable':'ScheduleAnyway','labelSelector':{'matchLabels':{'app':'podinfo'}}}],'setHost"
	"nameAsFQDN':true,'os':{'name':'linux'},'hostUsers':true}}";

static void test_templates(void **state)
{
	static const struct {
		const char *template;
		const char *hash;
		size_t length;
		bool is_daemon;
	} rows[] = {
		/* appendix A, input A */
		{plain, "7474ccd9cf", 3582},
		/* appendix A, input B, whose empty nodeSelector arrives in Flagger as none */
		{probes, "677c94b7d", 5264},
		{rich, "65f4786bcc", 20027},
		/* … and of a DaemonSet, where it stays one */
		{probes, "5bcddcbd99", 5264, true},
		/* nothing at all */
		{"{}", "85748b7f68", 1977},
	};
	char hash[FLAGGER_HASH_MAX];
	size_t length;

	for (size_t i = 0; i < array_length(rows); i++) {
		json_t *template = merge_parse(rows[i].template);

		assert_true(flagger_hash_template(template, rows[i].is_daemon, hash, &length));
		assert_int_equal(length, rows[i].length);
		assert_string_equal(hash, rows[i].hash);
		json_decref(template);
	}
}

/* What the text of is not known has no hash: nothing is proven by it. */
static void test_unknown(void **state)
{
	static const char *const rows[] = {
		/* a quantity that is kept as a fraction of big numbers */
		"{'spec':{'overhead':{'cpu':'1234567890123456789012'}}}",
		"{'spec':{'overhead':{'memory':'1.5Gi'}}}",
		"{'spec':{'overhead':{'memory':'many'}}}",
		/* times, which no template has */
		"{'metadata':{'creationTimestamp':'2026-01-01T00:00:00Z'}}",
		"{'metadata':{'managedFields':[{'manager':'kubectl'}]}}",
	};
	char hash[FLAGGER_HASH_MAX];
	size_t length;

	for (size_t i = 0; i < array_length(rows); i++) {
		json_t *template = merge_parse(rows[i]);

		assert_false(flagger_hash_template(template, false, hash, &length));
		assert_string_equal(hash, "");
		json_decref(template);
	}
}

/* Appendix A.1 and A.2. */
static void test_text(void **state)
{
	static const struct {
		const char *text;
		const char *hash;
	} rows[] = {
		{"(string)podinfo-00001", "5498f4fcd6"},
		{"(string)", "8857b86c7"},
		{"(struct { TrackedConfigs *map[string]string; LastAppliedSpec string })"
	         "{TrackedConfigs:(*map[string]string)map[] LastAppliedSpec:(string)4cb74184589}",
	         "56966965f5"},
	};
	char hash[FLAGGER_HASH_MAX];

	for (size_t i = 0; i < array_length(rows); i++) {
		flagger_hash_text(rows[i].text, strlen(rows[i].text), hash);
		assert_string_equal(hash, rows[i].hash);
	}
}

/* Appendix A.3. */
static void test_config(void **state)
{
	static const struct {
		const char *object;
		const char *hash;
	} rows[] = {
		{"{'data':{'color':'red'}}", "241889ca0604e333"},
		{"{'data':{'b':'2','a':'<x>&\\u0022\\n'}}", "71a601cb13829ed4"},
		{"{}", "74234e98afe7498f"},
		{"{'data':{}}", "44136fa355b3678a"},
		{"{'kind':'Secret','data':{'username':'dGVzdA==','apiKey':'dGVzdA=='}}",
	         "a55ffd9095ef2828"},
	};
	char hash[FLAGGER_CONFIG_MAX];

	for (size_t i = 0; i < array_length(rows); i++) {
		json_t *object = merge_parse(rows[i].object);

		flagger_hash_config(object, hash);
		assert_string_equal(hash, rows[i].hash);
		json_decref(object);
	}
}

static void test_quantity(void **state)
{
	static const struct {
		const char *text;
		bool is_read;
		int64_t value;
		int scale;
		bool is_kept;
	} rows[] = {
		{"0", true, 0, 0, true},
		{"100m", true, 100, -3, true},
		{"64Mi", true, 67108864, 0, false},
		{"5Ki", true, 5120, 0, true},
		/* not as Kubernetes writes it */
		{"1000m", true, 1000, -3, false},
		{"0.5", true, 5, -1, false},
		{"00", true, 0, 0, false},
		{"-3", true, -3, 0, true},
		{"2e3", true, 2, 3, true},
		/* too many digits, or none */
		{"123456789012345678", true, 123456789012345678, 0, true},
		{"1234567890123456789", false, 0, 0, true},
		{"1Ei", false, 0, 0, true},
		{"1.5Mi", false, 0, 0, true},
		{"1.5n", false, 0, 0, true},
		{"", false, 0, 0, true},
		{"1e", false, 0, 0, true},
		{"1e99", false, 0, 0, true},
		{"1x", false, 0, 0, true},
	};

	for (size_t i = 0; i < array_length(rows); i++) {
		struct flagger_quantity quantity;

		assert_int_equal(flagger_quantity_read(rows[i].text, &quantity), rows[i].is_read);
		if (!rows[i].is_read)
			continue;
		assert_int_equal(quantity.value, rows[i].value);
		assert_int_equal(quantity.scale, rows[i].scale);
		assert_int_equal(quantity.is_kept, rows[i].is_kept);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_templates), cmocka_unit_test(test_unknown),
		cmocka_unit_test(test_text),      cmocka_unit_test(test_config),
		cmocka_unit_test(test_quantity),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
