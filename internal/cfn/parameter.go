package cfn

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Parameter is one entry of Parameters.
type Parameter struct {
	ID                    string
	Type                  string
	Default               *string
	Description           string
	NoEcho                bool
	AllowedValues         []string
	AllowedPattern        string
	ConstraintDescription string
	MinLength, MaxLength  *float64
	MinValue, MaxValue    *float64
}

var parameterTypes = []string{"String", "Number", "List<Number>", "CommaDelimitedList"}

const ssmPrefix = "AWS::SSM::Parameter::Value<"

// SSM tells whether the parameter's value is the name of an SSM parameter, whose value is meant.
func (p *Parameter) SSM() bool { return strings.HasPrefix(p.Type, ssmPrefix) }

// list tells whether the value is a list, written with commas.
func (p *Parameter) list() bool {
	return strings.Contains(p.Type, "List<") || strings.HasSuffix(p.Type, "CommaDelimitedList") || strings.HasSuffix(p.Type, "CommaDelimitedList>")
}

func (t *Template) readParameters(n *Node) error {
	if n == nil {
		return nil
	}
	if len(n.Keys) > maxParameters {
		return n.at("Template format error: Number of parameters, %d, is greater than maximum allowed, %d", len(n.Keys), maxParameters)
	}
	for i, id := range n.Keys {
		item := n.Items[i]
		if !logicalID.MatchString(id) {
			return item.at("Template format error: Parameter name %s is non alphanumeric.", id)
		}
		p := Parameter{ID: id}
		if err := p.read(item); err != nil {
			return err
		}
		t.Parameters = append(t.Parameters, p)
	}
	return nil
}

func (p *Parameter) read(n *Node) error {
	if n.Kind != Map {
		return n.at("Template format error: Parameter %s is malformed.", p.ID)
	}
	for i, k := range n.Keys {
		v := n.Items[i]
		text, scalar := v.Scalar()
		switch k {
		case "Type":
			p.Type = text
		case "Default":
			if !scalar {
				return v.at("Template format error: Every Default member must be a string.")
			}
			p.Default = &text
		case "Description":
			p.Description = text
		case "NoEcho":
			p.NoEcho = strings.EqualFold(text, "true")
		case "AllowedPattern":
			p.AllowedPattern = text
		case "ConstraintDescription":
			p.ConstraintDescription = text
		case "AllowedValues":
			for _, a := range v.Items {
				s, _ := a.Scalar()
				p.AllowedValues = append(p.AllowedValues, s)
			}
		case "MinLength", "MaxLength", "MinValue", "MaxValue":
			f, err := strconv.ParseFloat(text, 64)
			if err != nil {
				return v.at("Template format error: %s of parameter %s must be a number.", k, p.ID)
			}
			*map[string]**float64{"MinLength": &p.MinLength, "MaxLength": &p.MaxLength, "MinValue": &p.MinValue, "MaxValue": &p.MaxValue}[k] = &f
		default:
			return v.at("Invalid template parameter property '%s'", k)
		}
	}
	if p.Type == "" {
		return n.at("Template format error: Every Parameters object must contain a Type member.")
	}
	if !slices.Contains(parameterTypes, p.Type) && !strings.HasPrefix(p.Type, "AWS::") && !strings.HasPrefix(p.Type, "List<AWS::") {
		return n.at("Template format error: Unrecognized parameter type: %s", p.Type)
	}
	return nil
}

// check refuses a value that the template does not allow.
func (p *Parameter) check(v string) error {
	if p.ConstraintDescription != "" {
		if p.violated(v) != "" {
			return plain("Parameter '%s' failed to satisfy constraint: %s", p.ID, p.ConstraintDescription)
		}
		return nil
	}
	if why := p.violated(v); why != "" {
		return plain("Parameter '%s' %s", p.ID, why)
	}
	return nil
}

func (p *Parameter) violated(v string) string {
	values := []string{v}
	if p.list() {
		values = strings.Split(v, ",")
	}
	for _, v := range values {
		v = strings.TrimSpace(v)
		if strings.Contains(p.Type, "Number") {
			f, err := strconv.ParseFloat(v, 64)
			switch {
			case err != nil:
				return "must be a number."
			case p.MinValue != nil && f < *p.MinValue:
				return "must be a number not less than " + short(*p.MinValue)
			case p.MaxValue != nil && f > *p.MaxValue:
				return "must be a number not greater than " + short(*p.MaxValue)
			}
		}
		switch {
		case len(p.AllowedValues) > 0 && !slices.Contains(p.AllowedValues, v):
			return "must be one of AllowedValues"
		case p.MinLength != nil && float64(len(v)) < *p.MinLength:
			return "must contain at least " + short(*p.MinLength) + " characters"
		case p.MaxLength != nil && float64(len(v)) > *p.MaxLength:
			return "must contain at most " + short(*p.MaxLength) + " characters"
		case !p.matches(v):
			return "must match pattern " + p.AllowedPattern
		}
	}
	return ""
}

func short(f float64) string { return strconv.FormatFloat(f, 'g', -1, 64) }

// matches applies the pattern to the whole value. A pattern that Go's engine does not know (a look-ahead, say) allows
// everything: better than refusing what AWS takes.
func (p *Parameter) matches(v string) bool {
	if p.AllowedPattern == "" || len(p.AllowedPattern) > 4096 {
		return true
	}
	re, err := regexp.Compile(`^(?:` + p.AllowedPattern + `)$`)
	return err != nil || re.MatchString(v)
}
