package checks

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/awslabs/goformation/v7/schema"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"
)

// absent is what !Ref AWS::NoValue stands for.
type absent struct{}

// parameter is one of the template's.
type parameter struct {
	Default any `yaml:"Default"`
}

// stack renders a CloudFormation template as far as can be done without an account: parameters have their defaults,
// and what AWS would fill in is some text.
type stack struct {
	t                     *testing.T
	template              map[string]yaml.Node
	parameters            map[string]parameter
	conditions, resources map[string]yaml.Node
	// holds is what every condition is.
	holds bool
	// used are the parameters, conditions and resources that are named anywhere.
	used map[string]bool
}

func newStack(t *testing.T, holds bool) *stack {
	t.Helper()
	s := &stack{t: t, holds: holds, used: map[string]bool{}}
	if err := yaml.Unmarshal(read(t, root+"/packaging/cloudfront/template.yml"), &s.template); err != nil {
		t.Fatal(err)
	}
	for name, into := range map[string]any{"Parameters": &s.parameters, "Conditions": &s.conditions, "Resources": &s.resources} {
		part := s.template[name]
		if err := part.Decode(into); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// render returns a part of the template as JSON knows it.
func (s *stack) render(n *yaml.Node) any {
	s.t.Helper()
	switch {
	case n.Tag == "!Ref":
		return s.named(n.Value)
	case n.Tag == "!GetAtt":
		name, _, _ := strings.Cut(n.Value, ".")
		s.resource(name)
		return n.Value
	case n.Tag == "!Sub" && n.Kind == yaml.ScalarNode:
		return s.fill(n.Value, nil)
	case n.Tag == "!Sub":
		return s.fill(n.Content[0].Value, s.render(n.Content[1]).(map[string]any))
	case n.Tag == "!If":
		if _, known := s.conditions[n.Content[0].Value]; !known {
			s.t.Errorf("there is no condition %s", n.Content[0].Value)
		}
		s.used[n.Content[0].Value] = true
		either, or := s.render(n.Content[1]), s.render(n.Content[2])
		if s.holds {
			return either
		}
		return or
	case n.Tag == "!Equals" || n.Tag == "!Not":
		var all []any
		for _, c := range n.Content {
			all = append(all, s.render(c))
		}
		return all
	case strings.HasPrefix(n.Tag, "!") && !strings.HasPrefix(n.Tag, "!!"):
		s.t.Fatalf("%s is not known to this test", n.Tag)
	}
	return s.renderPlain(n)
}

// renderPlain is render without functions of CloudFormation.
func (s *stack) renderPlain(n *yaml.Node) any {
	s.t.Helper()
	switch n.Kind {
	case yaml.MappingNode:
		m := map[string]any{}
		for i := 0; i < len(n.Content); i += 2 {
			if v := s.render(n.Content[i+1]); v != (any)(absent{}) {
				m[n.Content[i].Value] = v
			}
		}
		return m
	case yaml.SequenceNode:
		list := []any{}
		for _, c := range n.Content {
			list = append(list, s.render(c))
		}
		return list
	}
	var v any
	if err := n.Decode(&v); err != nil {
		s.t.Fatal(err)
	}
	return v
}

// named returns what a name in !Ref or !Sub stands for.
func (s *stack) named(name string) any {
	s.t.Helper()
	if name == "AWS::NoValue" {
		return absent{}
	}
	if pseudo, found := strings.CutPrefix(name, "AWS::"); found {
		return strings.ToLower(pseudo)
	}
	if p, found := s.parameters[name]; found {
		s.used[name] = true
		return p.Default
	}
	s.resource(name)
	return name
}

func (s *stack) resource(name string) {
	s.t.Helper()
	s.used[name] = true
	if _, found := s.resources[name]; !found {
		s.t.Errorf("there is no resource %s", name)
	}
}

// fill replaces ${NAME} in a text by further values or by what the name stands for.
func (s *stack) fill(text string, further map[string]any) string {
	s.t.Helper()
	return regexp.MustCompile(`\$\{([^}]+)\}`).ReplaceAllStringFunc(text, func(found string) string {
		name := found[2 : len(found)-1]
		if v, given := further[name]; given {
			return fmt.Sprint(v)
		}
		owner, attribute, _ := strings.Cut(name, ".")
		return strings.TrimSuffix(fmt.Sprint(s.named(owner))+"."+attribute, ".")
	})
}

// properties renders those of every resource and returns them, with its type, as JSON knows them.
func (s *stack) properties() map[string]any {
	s.t.Helper()
	all := map[string]any{}
	for name, node := range s.resources {
		text, err := json.Marshal(s.render(&node))
		if err != nil {
			s.t.Fatal(err)
		}
		v, err := jsonschema.UnmarshalJSON(strings.NewReader(string(text)))
		if err != nil {
			s.t.Fatal(err)
		}
		all[name] = v
	}
	return all
}

// TestTemplate validates each resource of the template by the schema that is made from AWS' specification, with and
// without a name of the operator's own, and has every name mean something.
func TestTemplate(t *testing.T) {
	text, err := jsonschema.UnmarshalJSON(strings.NewReader(schema.CloudformationSchema))
	if err != nil {
		t.Fatal(err)
	}
	delete(text.(map[string]any), "$id") // it is that of JSON Schema itself
	compiler := jsonschema.NewCompiler()
	compiler.DefaultDraft(jsonschema.Draft4)
	if err := compiler.AddResource("cloudformation.json", text); err != nil {
		t.Fatal(err)
	}
	for _, holds := range []bool{false, true} {
		t.Run(fmt.Sprintf("own name %v", holds), func(t *testing.T) {
			s := newStack(t, holds)
			for name, resource := range s.properties() {
				kind, _ := resource.(map[string]any)["Type"].(string)
				wanted, err := compiler.Compile("cloudformation.json#/definitions/" + kind)
				if err != nil {
					t.Fatalf("%s: %v", name, err)
				}
				if err := wanted.Validate(resource); err != nil {
					t.Errorf("%s: %v", name, err)
				}
			}
			for _, part := range []string{"Outputs", "Conditions"} {
				node := s.template[part]
				s.render(&node)
			}
			for _, name := range slices.Concat(slices.Collect(maps.Keys(s.parameters)), slices.Collect(maps.Keys(s.conditions))) {
				if !s.used[name] {
					t.Errorf("%s is not used", name)
				}
			}
		})
	}
}

// at returns what is at a path, of keys and indexes, or fails.
func at(t *testing.T, v any, path ...any) any {
	t.Helper()
	for _, step := range path {
		switch step := step.(type) {
		case string:
			m, _ := v.(map[string]any)
			v = m[step]
		case int:
			list, _ := v.([]any)
			if step >= len(list) {
				t.Fatalf("%v: there is no element %d", path, step)
			}
			v = list[step]
		}
	}
	return v
}

// TestTemplateKeepsItsPromises is about the settings without which live streams break or a bucket is open.
func TestTemplateKeepsItsPromises(t *testing.T) {
	all := newStack(t, false).properties()
	const distribution, policy = "DistributionConfig", "CachePolicyConfig"
	for _, tt := range []struct {
		name string
		path []any
		want string
	}{
		{"public ACLs are blocked", []any{"Bucket", "PublicAccessBlockConfiguration", "BlockPublicAcls"}, "true"},
		{"public policies are blocked", []any{"Bucket", "PublicAccessBlockConfiguration", "BlockPublicPolicy"}, "true"},
		{"public ACLs are ignored", []any{"Bucket", "PublicAccessBlockConfiguration", "IgnorePublicAcls"}, "true"},
		{"public buckets are restricted", []any{"Bucket", "PublicAccessBlockConfiguration", "RestrictPublicBuckets"}, "true"},
		{"there are no ACLs", []any{"Bucket", "OwnershipControls", "Rules", 0, "ObjectOwnership"}, "BucketOwnerEnforced"},
		{"small objects stay", []any{"Bucket", "LifecycleConfiguration", "Rules", 0, "ObjectSizeGreaterThan"}, "8192"},
		{"segments go", []any{"Bucket", "LifecycleConfiguration", "Rules", 0, "ExpirationInDays"}, "2"},
		{"unfinished uploads go", []any{"Bucket", "LifecycleConfiguration", "Rules", 1, "AbortIncompleteMultipartUpload", "DaysAfterInitiation"}, "1"},
		{"CloudFront alone reads", []any{"BucketPolicy", "PolicyDocument", "Statement", 0, "Principal"}, "map[Service:cloudfront.amazonaws.com]"},
		{
			"and only this distribution", []any{"BucketPolicy", "PolicyDocument", "Statement", 0, "Condition", "StringEquals", "AWS:SourceArn"},
			"arn:partition:cloudfront::accountid:distribution/Distribution",
		},
		{"it lists nothing", []any{"BucketPolicy", "PolicyDocument", "Statement", 0, "Action"}, "s3:GetObject"},
		{"every request is signed", []any{"OriginAccess", "OriginAccessControlConfig", "SigningBehavior"}, "always"},
		{"no-store is honoured", []any{"CachePolicy", policy, "MinTTL"}, "0"},
		{"so is every max-age", []any{"CachePolicy", policy, "MaxTTL"}, "31536000"},
		{"what says nothing is not kept for long", []any{"CachePolicy", policy, "DefaultTTL"}, "1"},
		{"queries share an object", []any{"CachePolicy", policy, "ParametersInCacheKeyAndForwardedToOrigin", "QueryStringsConfig", "QueryStringBehavior"}, "none"},
		{"origins share an object", []any{"CachePolicy", policy, "ParametersInCacheKeyAndForwardedToOrigin", "HeadersConfig", "HeaderBehavior"}, "none"},
		{"the cached answer of one origin is no other's", []any{"ResponseHeaders", "ResponseHeadersPolicyConfig", "CorsConfig", "OriginOverride"}, "true"},
		{"preflights reach the bucket", []any{"Distribution", distribution, "DefaultCacheBehavior", "AllowedMethods"}, "[GET HEAD OPTIONS]"},
		{"their answers are not kept", []any{"Distribution", distribution, "DefaultCacheBehavior", "CachedMethods"}, "[GET HEAD]"},
		{"playlists are compressed", []any{"Distribution", distribution, "DefaultCacheBehavior", "Compress"}, "true"},
		{"the origin is signed for", []any{"Distribution", distribution, "Origins", 0, "OriginAccessControlId"}, "OriginAccess.Id"},
	} {
		path := slices.Insert(slices.Clone(tt.path), 1, any("Properties"))
		if got := fmt.Sprint(at(t, all, path...)); got != tt.want {
			t.Errorf("%s: %v is %s, want %s", tt.name, tt.path, got, tt.want)
		}
	}
	kept := map[string]string{}
	errors, _ := at(t, all, "Distribution", "Properties", distribution, "CustomErrorResponses").([]any)
	for _, e := range errors {
		kept[fmt.Sprint(at(t, e, "ErrorCode"))] = fmt.Sprint(at(t, e, "ErrorCachingMinTTL"))
	}
	for _, code := range []string{"403", "404", "500", "502", "503", "504"} {
		if kept[code] != "1" {
			t.Errorf("a %s is kept for %q s, want 1", code, kept[code])
		}
	}
}
